# find_package(DLAVMHost): the libraries of host/.
include(CMakeFindDependencyMacro)
find_dependency(ICU COMPONENTS i18n uc)
include("${CMAKE_CURRENT_LIST_DIR}/DLAVMHostTargets.cmake")
