// Included before everything else where nanors is compiled to see a CPU that has AVX2 and nothing better.
#pragma once

#define __builtin_cpu_supports(feature) ((feature)[0] == 's' || (feature)[3] == '2') /* ssse3, avx2 */

#define obl_alloc avx2_obl_alloc
#define obl_free avx2_obl_free
#define obl_swap avx2_obl_swap
#define oblas_get_impl avx2_oblas_get_impl
#define reed_solomon_aligned_alloc avx2_reed_solomon_aligned_alloc
#define reed_solomon_decode avx2_reed_solomon_decode
#define reed_solomon_encode avx2_reed_solomon_encode
#define reed_solomon_free avx2_reed_solomon_free
#define reed_solomon_init avx2_reed_solomon_init
#define reed_solomon_new avx2_reed_solomon_new
#define reed_solomon_new_static avx2_reed_solomon_new_static
#define reed_solomon_padded_size avx2_reed_solomon_padded_size
#define reed_solomon_release avx2_reed_solomon_release
