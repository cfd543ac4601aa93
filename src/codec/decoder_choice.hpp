// lumen/codec: the decoder that suits this machine: a GPU's where there is one and it shows that it works,
// else the processor's.
#pragma once

#include <memory>
#include <vector>

#include "base/log.hpp"
#include "interface/video_decoder.hpp"

namespace lumen::codec {

// Makes decoders that begin on the GPU, as LUMEN_DECODER=auto|gpu|cpu allows, and go on on the CPU for good
// once the GPU has failed at an IDR picture that the CPU decodes; both are logged. Thread-safe. `log`
// outlives the decoders.
DecoderFactory decoder_factory(Logger& log);

// As above, from makers in order of preference: the last one is the floor.
Result<std::unique_ptr<VideoDecoder>> create_decoder_of(std::vector<DecoderFactory> makers, Codec codec,
                                                        Logger& log);

}  // namespace lumen::codec
