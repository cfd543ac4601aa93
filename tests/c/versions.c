/* Callers of other versions, and callers that break the rules: served or refused, never worse. */
#include <lumen_core.h>
#include <stddef.h>
#include <string.h>

#include "check.h"

/* A struct as a later header may have it: longer. */
union later {
  lumen_host_params params;
  lumen_host_stats stats;
  uint8_t bytes[sizeof(lumen_host_params) + sizeof(lumen_host_stats)];
};

static void versions_agree(void) {
  CHECK(lumen_abi_version() == LUMEN_ABI_VERSION);
  CHECK(strstr(lumen_core_version_string(), "abi") != NULL);
  for (lumen_result result = -12; result <= 5; ++result) CHECK(strlen(lumen_strerror(result)) > 0);
  CHECK(strcmp(lumen_strerror(LUMEN_OK), "ok") == 0);
  CHECK(strcmp(lumen_strerror(LUMEN_ERR_UNAVAILABLE), lumen_strerror(LUMEN_ERR_INTERNAL)) != 0);
}

static lumen_host_params host_params(void) {
  lumen_host_params params;
  CHECK(lumen_host_params_init(&params, sizeof params) == LUMEN_OK);
  CHECK(params.struct_size == sizeof params && params.rate_bits_per_s == 400000000);
  params.secret[0] = 1;
  return params;
}

static void sizes_of_no_version_are_refused(void) {
  static const uint32_t sizes[] = {0, 1, 4, offsetof(lumen_host_params, user), 4097, UINT32_MAX};
  lumen_host* host = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    lumen_host_params params = host_params();
    params.struct_size = sizes[i];
    CHECK(lumen_host_create(&params, &host) == LUMEN_ERR_INVALID_ARGUMENT);
    CHECK(host == NULL);
  }
  lumen_host_params params;
  CHECK(lumen_host_params_init(&params, 4) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_params_init(&params, 5000) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_params_init(NULL, sizeof params) == LUMEN_ERR_INVALID_ARGUMENT);
}

static void callers_of_abi_1_are_served(void) {
  lumen_host* host = NULL;
  lumen_host_params params;
  lumen_host_stats stats = {.struct_size = offsetof(lumen_host_stats, bitrate_kbps)};
  memset(&params, 0xFF, sizeof params);
  CHECK(lumen_host_params_init(&params, offsetof(lumen_host_params, bitrate_cap_kbps)) == LUMEN_OK);
  params.secret[0] = 1;
  CHECK(lumen_host_create(&params, &host) == LUMEN_OK);
  CHECK(lumen_host_get_stats(host, &stats) == LUMEN_OK);
  lumen_host_destroy(&host);
}

static void newer_callers_are_served_while_they_ask_for_nothing_new(void) {
  union later later;
  lumen_host* host = NULL;
  memset(&later, 0xFF, sizeof later);
  CHECK(lumen_host_params_init(&later.params, sizeof later) == LUMEN_OK);
  CHECK(later.params.struct_size == sizeof later);
  later.params.secret[0] = 1;
  CHECK(lumen_host_create(&later.params, &host) == LUMEN_OK);

  memset(&later, 0xFF, sizeof later);
  later.stats.struct_size = sizeof later;
  CHECK(lumen_host_get_stats(host, &later.stats) == LUMEN_OK);
  for (size_t i = sizeof(lumen_host_stats); i < sizeof later; ++i) CHECK(later.bytes[i] == 0);
  lumen_host_destroy(&host);

  CHECK(lumen_host_params_init(&later.params, sizeof later) == LUMEN_OK);
  later.params.secret[0] = 1;
  later.bytes[sizeof later - 1] = 1;
  CHECK(lumen_host_create(&later.params, &host) == LUMEN_ERR_UNSUPPORTED);
  CHECK(host == NULL);
}

static void null_is_refused(void) {
  lumen_host_params params = host_params();
  lumen_client_params client_params;
  lumen_host* host = NULL;
  lumen_client* client = NULL;
  lumen_train train = {.struct_size = sizeof train};
  lumen_unit unit = {.struct_size = sizeof unit};
  lumen_datagram datagram = {.struct_size = sizeof datagram};
  uint8_t byte = 0;
  int64_t deadline = 0;
  CHECK(lumen_host_create(NULL, &host) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_create(&params, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_create(NULL, &client) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_receive(NULL, &byte, 1, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_next(NULL, &train, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_say_goodbye(NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_get_stats(NULL, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_next_unit(NULL, &unit, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_not_decoded(NULL, 1) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_next_deadline(NULL, 0, &deadline) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_create(&params, &host) == LUMEN_OK);
  CHECK(lumen_client_params_init(&client_params, sizeof client_params) == LUMEN_OK);
  client_params.secret[0] = 1;
  CHECK(lumen_client_create(&client_params, &client) == LUMEN_OK);
  CHECK(lumen_host_receive(host, NULL, 1, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_push(host, NULL, 0, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_next(host, NULL, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_say(host, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_receive(client, NULL, 1, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_next_unit(client, NULL, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_next_datagram(client, NULL, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_seal_input(client, NULL, &datagram) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_client_next_deadline(client, 0, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  lumen_host_destroy(&host);
  lumen_host_destroy(&host);
  lumen_host_destroy(NULL);
  lumen_client_destroy(&client);
  lumen_client_destroy(&client);
  lumen_client_destroy(NULL);
  lumen_fec_destroy(NULL);
}

static void values_outside_their_ranges_are_refused(void) {
  lumen_host* host = NULL;
  lumen_host_params params = host_params();
  params.session = 256;
  CHECK(lumen_host_create(&params, &host) == LUMEN_ERR_INVALID_ARGUMENT);
  params = host_params();
  params.secret[0] = 0; /* nothing but zeros: forgotten */
  CHECK(lumen_host_create(&params, &host) == LUMEN_ERR_INVALID_ARGUMENT);
  params = host_params();
  params.rate_bits_per_s = 1;
  CHECK(lumen_host_create(&params, &host) == LUMEN_ERR_INVALID_ARGUMENT);
  params = host_params();
  params.cipher = 3;
  CHECK(lumen_host_create(&params, &host) == LUMEN_ERR_INVALID_ARGUMENT);
  params = host_params();
  CHECK(lumen_host_create(&params, &host) == LUMEN_OK);

  const uint8_t byte = 1;
  lumen_access_unit unit = {
      .struct_size = sizeof unit, .codec = 1, .width = 64, .height = 64, .bytes = &byte, .size_bytes = 1};
  CHECK(lumen_host_push(host, &unit, -1, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_push(host, &unit, INT64_MAX, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_push(host, &unit, 1, NULL) == LUMEN_ERR_UNAVAILABLE);
  unit.codec = 77;
  CHECK(lumen_host_push(host, &unit, 1, NULL) == LUMEN_ERR_INVALID_ARGUMENT);
  const lumen_host_state state = {.struct_size = sizeof state, .state = 9};
  CHECK(lumen_host_say(host, &state) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_set_rate(host, 5) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_set_rate(host, 0) == LUMEN_OK);
  CHECK(lumen_host_set_bitrate_cap(host, 4000001, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_set_bitrate_cap(host, 0, 4000001) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_set_bitrate_cap(NULL, 0, 0) == LUMEN_ERR_INVALID_ARGUMENT);
  CHECK(lumen_host_set_bitrate_cap(host, 20000, 300) == LUMEN_OK);
  lumen_host_destroy(&host);
}

static void foreign_datagrams_are_ignored(void) {
  lumen_host_params params = host_params();
  lumen_host* host = NULL;
  uint8_t bytes[64] = {0};
  lumen_host_stats stats = {.struct_size = sizeof stats};
  CHECK(lumen_host_create(&params, &host) == LUMEN_OK);
  for (size_t length = 0; length < sizeof bytes; ++length) {
    memset(bytes, (int)length, sizeof bytes);
    CHECK(lumen_host_receive(host, bytes, length, 1) == LUMEN_IGNORED);
  }
  CHECK(lumen_host_get_stats(host, &stats) == LUMEN_OK);
  CHECK(stats.foreign + stats.refused == sizeof bytes);
  lumen_host_destroy(&host);
}

int main(void) {
  versions_agree();
  sizes_of_no_version_are_refused();
  callers_of_abi_1_are_served();
  newer_callers_are_served_while_they_ask_for_nothing_new();
  null_is_refused();
  values_outside_their_ranges_are_refused();
  foreign_datagrams_are_ignored();
  return 0;
}
