# `cmake --install` and the package that `find_package(DLAVM)` finds.
include(CMakePackageConfigHelpers)
set(DLAVM_INSTALL_CMAKE_DIR lib/cmake/dlavm)
install(DIRECTORY include/ "${PROJECT_BINARY_DIR}/include/" DESTINATION include
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "*.def"
  PATTERN CMakeFiles EXCLUDE)
install(DIRECTORY models/ DESTINATION share/dlavm/models FILES_MATCHING PATTERN "*.json")
install(FILES LICENSE DESTINATION share/doc/dlavm)
install(EXPORT DLAVMTargets NAMESPACE DLAVM:: DESTINATION ${DLAVM_INSTALL_CMAKE_DIR})
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/DLAVMConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/DLAVMConfig.cmake" INSTALL_DESTINATION ${DLAVM_INSTALL_CMAKE_DIR})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/DLAVMConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/DLAVMConfig.cmake" "${PROJECT_BINARY_DIR}/DLAVMConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/LinkLLVMArchives.cmake"
  DESTINATION ${DLAVM_INSTALL_CMAKE_DIR})
