# Compiler settings and the helpers that the rest of the build uses.

add_library(dlavm_options INTERFACE)
target_include_directories(dlavm_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:include>)
# The headers of LLVM are not ours to keep free of warnings.
target_include_directories(dlavm_options SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(DLAVM_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(dlavm_options INTERFACE ${DLAVM_LLVM_DEFINITIONS})
if(NOT LLVM_ENABLE_ASSERTIONS)
  # Classes such as llvm::Statistic have other members without NDEBUG than in LLVM's libraries.
  target_compile_definitions(dlavm_options INTERFACE NDEBUG)
endif()
target_compile_options(dlavm_options INTERFACE
  $<BUILD_INTERFACE:-Wall;-Wextra;-Werror;-Wno-unused-parameter;-fno-exceptions>)
if(DLAVM_UNITY_BUILD)
  # GCC takes an anonymous namespace in an included file for one of a header.
  target_compile_options(dlavm_options INTERFACE $<BUILD_INTERFACE:-Wno-subobject-linkage>)
endif()
if(NOT LLVM_ENABLE_RTTI)
  target_compile_options(dlavm_options INTERFACE $<BUILD_INTERFACE:-fno-rtti>)
endif()
if(DLAVM_ENABLE_SANITIZERS)
  # GCC takes what the sanitizers add to LLVM's headers for uses of uninitialized memory.
  target_compile_options(dlavm_options INTERFACE
    $<BUILD_INTERFACE:-Wno-maybe-uninitialized;-fsanitize=address,undefined;-fno-sanitize=vptr;-fno-sanitize-recover=all;-fno-omit-frame-pointer;-O1;-g1>)
  target_link_options(dlavm_options INTERFACE
    $<BUILD_INTERFACE:-fsanitize=address,undefined>)
endif()
install(TARGETS dlavm_options EXPORT DLAVMTargets)

# dlavm_library(NAME SOURCES... [DEPENDS targets...] [LINK libraries...])
function(dlavm_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC dlavm_options ${ARG_LINK})
  add_dependencies(${name} DLAVMGenerated ${ARG_DEPENDS})
  install(TARGETS ${name} EXPORT DLAVMTargets ARCHIVE DESTINATION lib)
endfunction()

# What every executable needs under the sanitizers.
function(dlavm_add_sanitizer_defaults name)
  if(DLAVM_ENABLE_SANITIZERS)
    target_sources(${name} PRIVATE "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/SanitizerDefaults.cpp")
  endif()
endfunction()

# dlavm_tool(NAME SOURCES... [LINK libraries...])
function(dlavm_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE dlavm_options ${ARG_LINK})
  dlavm_add_sanitizer_defaults(${name})
  add_dependencies(${name} DLAVMGenerated)
  install(TARGETS ${name} EXPORT DLAVMTargets RUNTIME DESTINATION bin)
endfunction()

# All headers that mlir-tblgen writes; libraries depend on them as a whole.
add_custom_target(DLAVMGenerated)
