#include "render/fonts.hpp"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

namespace lumen::render {
namespace {

constexpr std::size_t kFaces = 3;
constexpr std::size_t kMaxOpenFonts = 32;

constexpr std::array<std::array<const char*, kFaces>, 4> kFamilies{{
    {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"},
    {"NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoSansMono-Regular.ttf"},
    {"LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf", "LiberationMono-Regular.ttf"},
    {"FreeSans.ttf", "FreeSansBold.ttf", "FreeMono.ttf"},
}};

bool is_there(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

}  // namespace

std::vector<std::string> font_folders() {
  std::vector<std::string> folders;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  if (const char* own = std::getenv("LUMEN_FONT_DIR"); own != nullptr && *own != '\0')
    folders.emplace_back(own);
  for (const char* folder :
       {"/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/TTF", "/usr/share/fonts/dejavu",
        "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/truetype/noto", "/usr/share/fonts/noto",
        "/usr/share/fonts/truetype/liberation", "/usr/share/fonts/liberation",
        "/usr/share/fonts/truetype/freefont", "/usr/local/share/fonts"}) {
    folders.emplace_back(folder);
  }
  return folders;
}

Result<FontFiles> find_fonts(const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    for (const auto& family : kFamilies) {
      const auto regular = fmt::format("{}/{}", folder, family[0]);
      if (!is_there(regular)) continue;
      FontFiles files;
      for (std::size_t i = 0; i < kFaces; ++i) {
        const auto path = fmt::format("{}/{}", folder, family.at(i));
        files.paths.at(i) = is_there(path) ? path : regular;
      }
      return files;
    }
  }
  return fail(
      ErrorCode::unavailable, "window.no-font",
      fmt::format("no font to write with was found in {}", fmt::join(folders, ", ")),
      "Install DejaVu (Debian: fonts-dejavu-core), or name a folder with DejaVuSans.ttf in LUMEN_FONT_DIR");
}

Result<std::unique_ptr<Fonts>> Fonts::create(const std::vector<std::string>& folders) {
  LUMEN_TRY(auto files, find_fonts(folders));
  if (TTF_Init() != 0) {
    return fail(ErrorCode::unavailable, "window.font",
                fmt::format("text cannot be drawn: {}", TTF_GetError()), "Install libsdl2-ttf-2.0-0 again");
  }
  return std::unique_ptr<Fonts>{new Fonts{std::move(files)}};
}

Fonts::~Fonts() {
  open_.clear();
  TTF_Quit();
}

TTF_Font* Fonts::get(Face face, int pixels) {
  const auto key = std::pair{face, pixels};
  if (const auto found = open_.find(key); found != open_.end()) return found->second.get();
  if (open_.size() >= kMaxOpenFonts) open_.clear();
  auto* font = TTF_OpenFont(files_.paths.at(static_cast<std::size_t>(face)).c_str(), pixels);
  if (font == nullptr) return nullptr;
  TTF_SetFontHinting(font, TTF_HINTING_LIGHT);
  return open_.emplace(key, font).first->second.get();
}

}  // namespace lumen::render
