/* The one thing that the programs here share. */
#ifndef LUMEN_TESTS_C_CHECK_H_
#define LUMEN_TESTS_C_CHECK_H_

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) {                                                              \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                       \
    }                                                                                \
  } while (0)

#endif
