# Writes a C++ file whose FUNCTION, which HEADER declares in namespace dlavm, returns the text of INPUT as a
# TYPE that takes pointer and size: llvm::StringRef, where no other is given. Raw string
# literals have a length limit in some compilers, so the text is cut into several.
if(NOT TYPE)
  set(TYPE llvm::StringRef)
endif()
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

${TYPE} dlavm::${FUNCTION}() {
  static const char text[] =${literals};
  return ${TYPE}(text, sizeof(text) - 1);
}
")
