# Writes a C++ file whose FUNCTION, which HEADER declares in namespace dlavm, returns the text of INPUT as a
# TYPE that takes pointer and size: llvm::StringRef, where no other is given.
include("${CMAKE_CURRENT_LIST_DIR}/CutText.cmake")
if(NOT TYPE)
  set(TYPE llvm::StringRef)
endif()
file(READ "${INPUT}" text)
cut_text("${text}" literals)
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

${TYPE} dlavm::${FUNCTION}() {
  static const char text[] =${literals};
  return ${TYPE}(text, sizeof(text) - 1);
}
")
