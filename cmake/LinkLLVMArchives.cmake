# Debian's MLIR archives name LLVM's shared library, whose loading takes longer than most commands of
# ours. With LLVM's archives in its place, a program holds the few parts of LLVM that it uses. No program
# may have both: command line options and other global state would be there twice.
foreach(target IN LISTS MLIR_EXPORTED_TARGETS)
  get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
  if(libraries)
    list(TRANSFORM libraries REPLACE "^LLVM$" "LLVMRemarks;LLVMSupportLSP;LLVMSupport")
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
  endif()
endforeach()
