// lumen/gpu/egl: EGL and OpenGL, found at run time: a table of what this module calls. A value, so that a
// test can have any call of it fail.
#pragma once

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/glcorearb.h>

#include "base/result.hpp"

namespace lumen::gpu::egl {

using ImageTargetTexture = void(GLenum target, void* image);
// GL_EXT_memory_object and GL_EXT_memory_object_fd.
using CreateMemoryObjects = void(GLsizei count, GLuint* names);
using DeleteMemoryObjects = void(GLsizei count, const GLuint* names);
using MemoryObjectParameter = void(GLuint name, GLenum parameter, const GLint* value);
using ImportMemoryFd = void(GLuint name, GLuint64 bytes, GLenum handle_type, GLint fd);
using BufferStorageMemory = void(GLenum target, GLsizeiptr bytes, GLuint memory, GLuint64 offset);

// X(member, type, symbol).
#define LUMEN_EGL_CALLS(X)                                                 \
  X(get_error, decltype(eglGetError), "eglGetError")                       \
  X(query_string, decltype(eglQueryString), "eglQueryString")              \
  X(get_display, decltype(eglGetPlatformDisplay), "eglGetPlatformDisplay") \
  X(initialize, decltype(eglInitialize), "eglInitialize")                  \
  X(terminate, decltype(eglTerminate), "eglTerminate")                     \
  X(bind_api, decltype(eglBindAPI), "eglBindAPI")                          \
  X(create_context, decltype(eglCreateContext), "eglCreateContext")        \
  X(destroy_context, decltype(eglDestroyContext), "eglDestroyContext")     \
  X(make_current, decltype(eglMakeCurrent), "eglMakeCurrent")

// Extensions: nullptr where EGL lacks them.
#define LUMEN_EGL_OPTIONAL_CALLS(X)                                                                          \
  X(query_devices, std::remove_pointer_t<PFNEGLQUERYDEVICESEXTPROC>, "eglQueryDevicesEXT")                   \
  X(query_device_attrib, std::remove_pointer_t<PFNEGLQUERYDEVICEATTRIBEXTPROC>, "eglQueryDeviceAttribEXT")   \
  X(query_device_string, std::remove_pointer_t<PFNEGLQUERYDEVICESTRINGEXTPROC>, "eglQueryDeviceStringEXT")   \
  X(query_device_binary, std::remove_pointer_t<PFNEGLQUERYDEVICEBINARYEXTPROC>, "eglQueryDeviceBinaryEXT")   \
  X(query_formats, std::remove_pointer_t<PFNEGLQUERYDMABUFFORMATSEXTPROC>, "eglQueryDmaBufFormatsEXT")       \
  X(query_modifiers, std::remove_pointer_t<PFNEGLQUERYDMABUFMODIFIERSEXTPROC>, "eglQueryDmaBufModifiersEXT") \
  X(create_image, std::remove_pointer_t<PFNEGLCREATEIMAGEKHRPROC>, "eglCreateImageKHR")                      \
  X(destroy_image, std::remove_pointer_t<PFNEGLDESTROYIMAGEKHRPROC>, "eglDestroyImageKHR")                   \
  X(image_target_texture, ImageTargetTexture, "glEGLImageTargetTexture2DOES")                                \
  X(create_memory_objects, CreateMemoryObjects, "glCreateMemoryObjectsEXT")                                  \
  X(delete_memory_objects, DeleteMemoryObjects, "glDeleteMemoryObjectsEXT")                                  \
  X(memory_parameter, MemoryObjectParameter, "glMemoryObjectParameterivEXT")                                 \
  X(import_memory_fd, ImportMemoryFd, "glImportMemoryFdEXT")                                                 \
  X(buffer_storage_memory, BufferStorageMemory, "glBufferStorageMemEXT")

#define LUMEN_GL_TYPE(name) std::remove_pointer_t<name>
#define LUMEN_GL_CALLS(X)                                                                           \
  X(gl_get_error, LUMEN_GL_TYPE(PFNGLGETERRORPROC), "glGetError")                                   \
  X(gl_get_string, LUMEN_GL_TYPE(PFNGLGETSTRINGPROC), "glGetString")                                \
  X(gl_get_integer, LUMEN_GL_TYPE(PFNGLGETINTEGERVPROC), "glGetIntegerv")                           \
  X(gen_textures, LUMEN_GL_TYPE(PFNGLGENTEXTURESPROC), "glGenTextures")                             \
  X(delete_textures, LUMEN_GL_TYPE(PFNGLDELETETEXTURESPROC), "glDeleteTextures")                    \
  X(bind_texture, LUMEN_GL_TYPE(PFNGLBINDTEXTUREPROC), "glBindTexture")                             \
  X(active_texture, LUMEN_GL_TYPE(PFNGLACTIVETEXTUREPROC), "glActiveTexture")                       \
  X(texture_parameter, LUMEN_GL_TYPE(PFNGLTEXPARAMETERIPROC), "glTexParameteri")                    \
  X(texture_storage, LUMEN_GL_TYPE(PFNGLTEXSTORAGE2DPROC), "glTexStorage2D")                        \
  X(texture_upload, LUMEN_GL_TYPE(PFNGLTEXSUBIMAGE2DPROC), "glTexSubImage2D")                       \
  X(texture_read, LUMEN_GL_TYPE(PFNGLGETTEXIMAGEPROC), "glGetTexImage")                             \
  X(create_shader, LUMEN_GL_TYPE(PFNGLCREATESHADERPROC), "glCreateShader")                          \
  X(shader_source, LUMEN_GL_TYPE(PFNGLSHADERSOURCEPROC), "glShaderSource")                          \
  X(compile_shader, LUMEN_GL_TYPE(PFNGLCOMPILESHADERPROC), "glCompileShader")                       \
  X(delete_shader, LUMEN_GL_TYPE(PFNGLDELETESHADERPROC), "glDeleteShader")                          \
  X(create_program, LUMEN_GL_TYPE(PFNGLCREATEPROGRAMPROC), "glCreateProgram")                       \
  X(attach_shader, LUMEN_GL_TYPE(PFNGLATTACHSHADERPROC), "glAttachShader")                          \
  X(link_program, LUMEN_GL_TYPE(PFNGLLINKPROGRAMPROC), "glLinkProgram")                             \
  X(get_program, LUMEN_GL_TYPE(PFNGLGETPROGRAMIVPROC), "glGetProgramiv")                            \
  X(program_log, LUMEN_GL_TYPE(PFNGLGETPROGRAMINFOLOGPROC), "glGetProgramInfoLog")                  \
  X(delete_program, LUMEN_GL_TYPE(PFNGLDELETEPROGRAMPROC), "glDeleteProgram")                       \
  X(use_program, LUMEN_GL_TYPE(PFNGLUSEPROGRAMPROC), "glUseProgram")                                \
  X(bind_image, LUMEN_GL_TYPE(PFNGLBINDIMAGETEXTUREPROC), "glBindImageTexture")                     \
  X(dispatch, LUMEN_GL_TYPE(PFNGLDISPATCHCOMPUTEPROC), "glDispatchCompute")                         \
  X(memory_barrier, LUMEN_GL_TYPE(PFNGLMEMORYBARRIERPROC), "glMemoryBarrier")                       \
  X(gen_framebuffers, LUMEN_GL_TYPE(PFNGLGENFRAMEBUFFERSPROC), "glGenFramebuffers")                 \
  X(delete_framebuffers, LUMEN_GL_TYPE(PFNGLDELETEFRAMEBUFFERSPROC), "glDeleteFramebuffers")        \
  X(bind_framebuffer, LUMEN_GL_TYPE(PFNGLBINDFRAMEBUFFERPROC), "glBindFramebuffer")                 \
  X(framebuffer_texture, LUMEN_GL_TYPE(PFNGLFRAMEBUFFERTEXTURE2DPROC), "glFramebufferTexture2D")    \
  X(framebuffer_status, LUMEN_GL_TYPE(PFNGLCHECKFRAMEBUFFERSTATUSPROC), "glCheckFramebufferStatus") \
  X(gen_vertex_arrays, LUMEN_GL_TYPE(PFNGLGENVERTEXARRAYSPROC), "glGenVertexArrays")                \
  X(delete_vertex_arrays, LUMEN_GL_TYPE(PFNGLDELETEVERTEXARRAYSPROC), "glDeleteVertexArrays")       \
  X(bind_vertex_array, LUMEN_GL_TYPE(PFNGLBINDVERTEXARRAYPROC), "glBindVertexArray")                \
  X(viewport, LUMEN_GL_TYPE(PFNGLVIEWPORTPROC), "glViewport")                                       \
  X(draw_arrays, LUMEN_GL_TYPE(PFNGLDRAWARRAYSPROC), "glDrawArrays")                                \
  X(fence_sync, LUMEN_GL_TYPE(PFNGLFENCESYNCPROC), "glFenceSync")                                   \
  X(client_wait_sync, LUMEN_GL_TYPE(PFNGLCLIENTWAITSYNCPROC), "glClientWaitSync")                   \
  X(delete_sync, LUMEN_GL_TYPE(PFNGLDELETESYNCPROC), "glDeleteSync")                                \
  X(flush, LUMEN_GL_TYPE(PFNGLFLUSHPROC), "glFlush")                                                \
  X(get_stringi, LUMEN_GL_TYPE(PFNGLGETSTRINGIPROC), "glGetStringi")                                \
  X(gen_buffers, LUMEN_GL_TYPE(PFNGLGENBUFFERSPROC), "glGenBuffers")                                \
  X(delete_buffers, LUMEN_GL_TYPE(PFNGLDELETEBUFFERSPROC), "glDeleteBuffers")                       \
  X(bind_buffer, LUMEN_GL_TYPE(PFNGLBINDBUFFERPROC), "glBindBuffer")                                \
  X(bind_buffer_base, LUMEN_GL_TYPE(PFNGLBINDBUFFERBASEPROC), "glBindBufferBase")                   \
  X(buffer_storage, LUMEN_GL_TYPE(PFNGLBUFFERSTORAGEPROC), "glBufferStorage")                       \
  X(buffer_read, LUMEN_GL_TYPE(PFNGLGETBUFFERSUBDATAPROC), "glGetBufferSubData")                    \
  X(uniform_2ui, LUMEN_GL_TYPE(PFNGLUNIFORM2UIPROC), "glUniform2ui")                                \
  X(uniform_2i, LUMEN_GL_TYPE(PFNGLUNIFORM2IPROC), "glUniform2i")                                   \
  X(uniform_4i, LUMEN_GL_TYPE(PFNGLUNIFORM4IPROC), "glUniform4i")                                   \
  X(uniform_3iv, LUMEN_GL_TYPE(PFNGLUNIFORM3IVPROC), "glUniform3iv")

struct Api {
#define LUMEN_EGL_MEMBER(member, type, symbol) type* member = nullptr;
  LUMEN_EGL_CALLS(LUMEN_EGL_MEMBER)
  LUMEN_EGL_OPTIONAL_CALLS(LUMEN_EGL_MEMBER)
  LUMEN_GL_CALLS(LUMEN_EGL_MEMBER)
#undef LUMEN_EGL_MEMBER
};

// The machine's EGL 1.5 and OpenGL; they stay loaded. `egl.absent`, `egl.old`.
Result<Api> load_api();

}  // namespace lumen::gpu::egl
