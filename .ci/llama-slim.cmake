# Included by CMake through CMAKE_PROJECT_INCLUDE. llama-cpp-python forces the common library on in the cache,
# though only the command line tools use it; a normal variable hides the cached one and saves half the build.
set(LLAMA_BUILD_COMMON OFF)
