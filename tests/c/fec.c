/* Error correction by itself: each code at several shapes loses as many shards as it has parity. */
#include <lumen_core.h>
#include <string.h>

#include "check.h"

struct block {
  int32_t code;
  size_t data, parity, shard_bytes;
};

static uint32_t next(uint32_t* state) { return *state = *state * 1664525u + 1013904223u; }

/* Losses: every (k + m) / m-th shard, m of them. */
static void lose(uint8_t* memory, uint8_t* present, const struct block* b) {
  const size_t total = b->data + b->parity;
  memset(present, 7, total); /* anything but 0 is present */
  for (size_t j = 0; j < b->parity; ++j) {
    const size_t i = j * total / b->parity;
    present[i] = 0;
    memset(memory + i * b->shard_bytes, 0xEE, b->shard_bytes);
  }
}

static void round_trip(const lumen_fec* fec, const struct block* b) {
  const size_t total = b->data + b->parity, bytes = total * b->shard_bytes;
  const size_t work_bytes = lumen_fec_work_bytes(b->code, b->data, b->parity);
  uint8_t *memory = malloc(bytes), *original = malloc(bytes), *present = malloc(total);
  void **shards = malloc(total * sizeof *shards), *work = malloc(work_bytes);
  uint32_t state = 1;
  CHECK(work_bytes > 0 && memory && original && present && shards && work);
  for (size_t i = 0; i < bytes; ++i) memory[i] = (uint8_t)(next(&state) >> 24);
  for (size_t i = 0; i < total; ++i) shards[i] = memory + i * b->shard_bytes;
  CHECK(lumen_fec_encode(fec, b->code, (const void* const*)shards, b->data, shards + b->data, b->parity,
                         b->shard_bytes, work, work_bytes) == LUMEN_OK);
  memcpy(original, memory, bytes);
  lose(memory, present, b);
  CHECK(lumen_fec_recover(fec, b->code, shards, present, b->data, b->parity, b->shard_bytes, work,
                          work_bytes) == LUMEN_OK);
  CHECK(memcmp(memory, original, b->data * b->shard_bytes) == 0);

  /* One more, and it is too much. */
  for (size_t i = 0; i < total; ++i) {
    if (present[i] == 0) continue;
    present[i] = 0;
    break;
  }
  CHECK(lumen_fec_recover(fec, b->code, shards, present, b->data, b->parity, b->shard_bytes, work,
                          work_bytes) == LUMEN_ERR_UNAVAILABLE);
  free(memory);
  free(original);
  free(present);
  free(shards);
  free(work);
}

static void refuse_nonsense(const lumen_fec* fec) {
  static uint8_t bytes[4][64], work[1u << 20];
  void* shards[4] = {bytes[0], bytes[1], bytes[2], bytes[3]};
  const uint8_t present[4] = {0, 1, 1, 1};
  memset(bytes, 1, sizeof bytes);
  const void* const* data = (const void* const*)shards;
  const size_t enough = lumen_fec_work_bytes(LUMEN_CODE_LEOPARD_GF8, 3, 1);
  CHECK(enough > 0 && enough <= sizeof work);
  CHECK(lumen_fec_encode(NULL, LUMEN_CODE_LEOPARD_GF8, data, 3, shards + 3, 1, 64, work, enough) ==
        LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF8, NULL, 3, shards + 3, 1, 64, work, enough) ==
        LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF8, data, 3, shards + 3, 1, 64, work, enough - 1) ==
        LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF8, data, 3, shards + 3, 1, 64, NULL, enough) ==
        LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_fec_encode(fec, 99, data, 3, shards + 3, 1, 64, work, sizeof work) == LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF8, data, 0, shards, 1, 64, work, sizeof work) ==
        LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF16, data, 3, shards + 3, 1, 63, work, sizeof work) ==
        LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_GAMESTREAM, data, 200, shards, 56, 64, work, sizeof work) ==
        LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF16, data, SIZE_MAX, shards, 1, 64, work, sizeof work) ==
        LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_GAMESTREAM_AUDIO, data, 3, shards + 3, 1, 64, work, sizeof work) ==
        LUMEN_ERR_UNSUPPORTED);
  CHECK(lumen_fec_work_bytes(LUMEN_CODE_LEOPARD_GF16, SIZE_MAX, SIZE_MAX) == 0);
  CHECK(lumen_fec_code_for(SIZE_MAX, 1) == LUMEN_ERR_UNSUPPORTED);
  shards[0] = NULL;
  CHECK(lumen_fec_recover(fec, LUMEN_CODE_LEOPARD_GF8, shards, present, 3, 1, 64, work, sizeof work) ==
        LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_fec_encode(fec, LUMEN_CODE_LEOPARD_GF8, data, 3, shards + 3, 1, 64, work, sizeof work) ==
        LUMEN_ERR_INVALID_ARGUMENT);
}

/* Whatever the kernel, the bytes are the same. */
static void same_parity_with_every_kernel(void) {
  enum { K = 10, M = 4, BYTES = 100 };
  static uint8_t data[K][BYTES], first[M][BYTES], parity[M][BYTES];
  const void* data_of[K];
  void* parity_of[M];
  uint32_t state = 5;
  for (size_t i = 0; i < sizeof data; ++i) data[i / BYTES][i % BYTES] = (uint8_t)(next(&state) >> 24);
  for (size_t i = 0; i < K; ++i) data_of[i] = data[i];
  for (size_t j = 0; j < M; ++j) parity_of[j] = parity[j];
  for (int32_t code = LUMEN_CODE_LEOPARD_GF8; code <= LUMEN_CODE_GAMESTREAM; ++code) {
    const size_t work_bytes = lumen_fec_work_bytes(code, K, M);
    void* work = malloc(work_bytes);
    CHECK(work != NULL);
    for (int32_t kernel = LUMEN_KERNEL_SCALAR; kernel <= LUMEN_KERNEL_NEON; ++kernel) {
      lumen_fec_params params;
      lumen_fec* fec = NULL;
      CHECK(lumen_fec_params_init(&params, sizeof params) == LUMEN_OK);
      params.kernel = kernel;
      params.max_points = 256;
      const lumen_result created = lumen_fec_create(&params, &fec);
      CHECK(created == (lumen_kernel_is_supported(kernel) ? LUMEN_OK : LUMEN_ERR_UNSUPPORTED));
      if (created != LUMEN_OK) continue;
      CHECK(lumen_fec_encode(fec, code, data_of, K, parity_of, M, BYTES, work, work_bytes) == LUMEN_OK);
      if (kernel == LUMEN_KERNEL_SCALAR) memcpy(first, parity, sizeof first);
      CHECK(memcmp(first, parity, sizeof first) == 0);
      lumen_fec_destroy(&fec);
    }
    free(work);
  }
}

int main(void) {
  static const struct block blocks[] = {
      {LUMEN_CODE_LEOPARD_GF8, 1, 1, 1},       {LUMEN_CODE_LEOPARD_GF8, 100, 20, 1408},
      {LUMEN_CODE_LEOPARD_GF8, 3, 10, 333},    {LUMEN_CODE_LEOPARD_GF16, 1, 1, 2},
      {LUMEN_CODE_LEOPARD_GF16, 300, 60, 130}, {LUMEN_CODE_GAMESTREAM, 100, 20, 1408},
      {LUMEN_CODE_GAMESTREAM, 1, 200, 77},     {LUMEN_CODE_GAMESTREAM_AUDIO, 4, 2, 101},
  };
  lumen_fec* fec = NULL;
  CHECK(lumen_fec_create(NULL, &fec) == LUMEN_OK);
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i) round_trip(fec, &blocks[i]);
  CHECK(lumen_fec_code_for(100, 20) == LUMEN_CODE_LEOPARD_GF8);
  CHECK(lumen_fec_code_for(1000, 200) == LUMEN_CODE_LEOPARD_GF16);
  refuse_nonsense(fec);
  lumen_fec_destroy(&fec);
  same_parity_with_every_kernel();
  CHECK(strcmp(lumen_kernel_name(LUMEN_KERNEL_SCALAR), "scalar") == 0);
  CHECK(strcmp(lumen_kernel_name(99), "unknown") == 0);
  return 0;
}
