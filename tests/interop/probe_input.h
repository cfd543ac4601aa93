// Plays a script of input into a running session, with the library's own functions. A line is a command:
//   wait MS | idr
//   key VK down|up [MODIFIERS] | text UTF-8…
//   move DX DY | abs X Y WIDTH HEIGHT | button 1-5 down|up | scroll AMOUNT | hscroll AMOUNT     (120 = one
//   click) touch TYPE ID X Y PRESSURE MAJOR MINOR ROTATION pen TYPE TOOL BUTTONS X Y PRESSURE MAJOR MINOR
//   ROTATION TILT arrive PAD MASK TYPE BUTTONS CAPABILITIES | pad PAD MASK BUTTONS LT RT LX LY RX RY padtouch
//   PAD TYPE ID X Y PRESSURE | motion PAD TYPE X Y Z | battery PAD STATE PERCENT
// Numbers are as in Limelight.h, in C notation (0x41); # begins a comment line.
#ifndef LUMEN_TESTS_INTEROP_PROBE_INPUT_H
#define LUMEN_TESTS_INTEROP_PROBE_INPUT_H

#include <stdbool.h>
#include <stdio.h>

struct input_result {
  long sent, unsupported, failed;
};

// Blocks for the waits of the script; `pause` waits some milliseconds and returns true to end early.
// False when a line is not understood or the file cannot be read: said on standard error.
bool probe_input_play(const char* path, bool (*pause)(int milliseconds), struct input_result* result);

#endif
