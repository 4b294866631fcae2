# Writes a C++ file whose FUNCTION of dlavm::host, which HEADER declares, returns the text of INPUT. Raw
# string literals have a length limit in some compilers, so the text is cut into several.
file(READ "${INPUT}" text)
string(LENGTH "${text}" length)
set(literals "")
set(position 0)
while(position LESS length)
  string(SUBSTRING "${text}" ${position} 8000 piece)
  string(APPEND literals "\n    R\"dlavm(${piece})dlavm\"")
  math(EXPR position "${position} + 8000")
endwhile()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

std::string_view dlavm::host::${FUNCTION}() {
  static const char text[] =${literals};
  return std::string_view(text, sizeof(text) - 1);
}
")
