# Given to the build of llama-cpp-python as CMAKE_PROJECT_INCLUDE (see the Makefile): leaves out
# llama.cpp's "common" library, which serves its command-line tools alone and costs more than half
# of the compile time. llama-cpp-python forces the cache variable of this name to ON; a normal
# variable hides it (CMake policies CMP0077 and CMP0126).
set(LLAMA_BUILD_COMMON OFF)
