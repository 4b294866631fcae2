# Writes a C++ file whose FUNCTION, which HEADER declares in namespace dlavm, returns the files of the list
# FILES, paths below ROOT, as an array of TYPE: path and text.
include("${CMAKE_CURRENT_LIST_DIR}/CutText.cmake")
file(STRINGS "${FILES}" paths)
set(entries "")
foreach(path IN LISTS paths)
  file(READ "${ROOT}/${path}" text)
  cut_text("${text}" literals)
  string(APPEND entries "      {\"${path}\",${literals}sv},\n")
endforeach()
list(LENGTH paths count)
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

using namespace std::literals;

const ${TYPE} *dlavm::${FUNCTION}(size_t &count) {
  static const ${TYPE} files[] = {
${entries}  };
  count = ${count};
  return files;
}
")
