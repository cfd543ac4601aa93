# lumen_wayland_protocols(NAME XML…): a static library with the client's side of Wayland protocols, made by
# wayland-scanner and without our warnings. XML: absolute, or relative to Debian's wayland-protocols.
function(lumen_wayland_protocols name)
  pkg_check_modules(WAYLAND_CLIENT REQUIRED IMPORTED_TARGET wayland-client)
  pkg_get_variable(wayland_protocols wayland-protocols pkgdatadir)
  find_program(WAYLAND_SCANNER wayland-scanner REQUIRED)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(MAKE_DIRECTORY ${folder})
  foreach(xml IN LISTS ARGN)
    if(NOT IS_ABSOLUTE ${xml})
      set(xml ${wayland_protocols}/${xml})
    endif()
    get_filename_component(stem ${xml} NAME_WE)
    add_custom_command(OUTPUT ${folder}/${stem}-client-protocol.h
      COMMAND ${WAYLAND_SCANNER} client-header ${xml} ${folder}/${stem}-client-protocol.h
      DEPENDS ${xml} VERBATIM)
    add_custom_command(OUTPUT ${folder}/${stem}-protocol.c
      COMMAND ${WAYLAND_SCANNER} private-code ${xml} ${folder}/${stem}-protocol.c
      DEPENDS ${xml} VERBATIM)
    list(APPEND generated ${folder}/${stem}-client-protocol.h ${folder}/${stem}-protocol.c)
  endforeach()
  add_library(${name} STATIC ${generated})
  target_include_directories(${name} SYSTEM PUBLIC ${folder})
  target_link_libraries(${name} PUBLIC PkgConfig::WAYLAND_CLIENT)
endfunction()
