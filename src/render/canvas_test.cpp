// Draws into memory: SDL's software renderer needs no display.
#include "render/canvas.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace lumen::render {
namespace {

constexpr int kWidth = 960, kHeight = 540;  // half the scene's size

class CanvasOnASurface : public testing::Test {
 protected:
  struct FreeSurface {
    void operator()(SDL_Surface* it) const { SDL_FreeSurface(it); }
  };

  void SetUp() override {
    surface_.reset(SDL_CreateRGBSurfaceWithFormat(0, kWidth, kHeight, 32, SDL_PIXELFORMAT_ARGB8888));
    renderer_.reset(SDL_CreateSoftwareRenderer(surface_.get()));
    ASSERT_TRUE(renderer_) << SDL_GetError();
    auto fonts = Fonts::create();
    ASSERT_TRUE(fonts) << describe(fonts.error());
    canvas_ = std::make_unique<Canvas>(renderer_.get(), std::move(*fonts));
  }
  void TearDown() override {
    canvas_.reset();
    renderer_.reset();
  }

  void draw(Scene scene, Size size = {kWidth, kHeight}) {
    canvas_->set_scene(std::make_shared<const Scene>(std::move(scene)));
    redraw(size);
  }
  void redraw(Size size = {kWidth, kHeight}) {
    SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, 255);
    SDL_RenderClear(renderer_.get());
    canvas_->draw(size);
    SDL_RenderFlush(renderer_.get());
  }
  Color pixel(int x, int y) const {
    const auto* row = static_cast<const std::uint8_t*>(surface_->pixels) + y * surface_->pitch;
    const auto* at = row + x * 4;
    return {at[2], at[1], at[0], 255};
  }
  // The rectangle around everything that is not black.
  SDL_Rect inked() const {
    int left = kWidth, top = kHeight, right = -1, bottom = -1;
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        if (pixel(x, y) == Color{0, 0, 0, 255}) continue;
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
      }
    }
    return {left, top, right - left + 1, bottom - top + 1};
  }

  std::unique_ptr<SDL_Surface, FreeSurface> surface_;
  SdlHandle<SDL_Renderer> renderer_;
  std::unique_ptr<Canvas> canvas_;
};

constexpr Color kRed{200, 0, 0}, kBlack{0, 0, 0};

TEST_F(CanvasOnASurface, rectangles_are_scaled_to_the_window) {
  draw({.items = {SceneRect{{200, 100, 400, 300}, kRed}}});
  EXPECT_EQ(inked().x, 100);
  EXPECT_EQ(inked().y, 50);
  EXPECT_EQ(inked().w, 200);
  EXPECT_EQ(inked().h, 150);
}

TEST_F(CanvasOnASurface, round_corners_are_empty_and_the_rest_is_filled) {
  draw({.items = {SceneRect{{200, 100, 400, 300}, kRed, 80}}});
  EXPECT_EQ(pixel(101, 51), kBlack);
  EXPECT_EQ(pixel(298, 198), kBlack);
  EXPECT_EQ(pixel(100 + 40, 50), kRed);
  EXPECT_EQ(pixel(100, 50 + 40), kRed);
  EXPECT_EQ(pixel(200, 125), kRed);
}

TEST_F(CanvasOnASurface, a_border_leaves_the_inside_alone) {
  draw({.items = {SceneRect{{200, 100, 400, 300}, kRed, 20, 8}}});
  EXPECT_EQ(pixel(200, 51), kRed);
  EXPECT_EQ(pixel(200, 53), kRed);
  EXPECT_EQ(pixel(200, 54), kBlack);
  EXPECT_EQ(pixel(200, 125), kBlack);
}

TEST_F(CanvasOnASurface, text_stands_where_its_alignment_says) {
  const auto text = [](Align align) {
    return Scene{
        .items = {SceneText{.text = "HHH", .x = 960, .y = 540, .size = 60, .color = kRed, .align = align}}};
  };
  draw(text(Align::left));
  EXPECT_NEAR(inked().x, 480, 8);
  EXPECT_NEAR(inked().y + inked().h / 2, 270, 5);
  draw(text(Align::right));
  EXPECT_NEAR(inked().x + inked().w, 480, 8);
  draw(text(Align::center));
  EXPECT_NEAR(inked().x + inked().w / 2, 480, 3);
}

TEST_F(CanvasOnASurface, text_that_is_too_wide_is_shortened) {
  draw({.items = {SceneText{
            .text = std::string(300, 'W'), .y = 540, .size = 60, .color = kRed, .max_width = 400}}});
  EXPECT_GT(inked().w, 150);
  EXPECT_LE(inked().w, 200);
}

TEST_F(CanvasOnASurface, hostile_text_is_drawn_somehow) {
  for (const auto& text : {std::string("\xFF\xFE\x80 broken"), std::string("\n\t\x01"),
                           std::string(100'000, '\xC3'), std::string("\0\0", 2), std::string(100'000, 'M')}) {
    draw({.items = {SceneText{.text = text, .x = 100, .y = 540, .size = 60, .color = kRed}}});
    draw({.items = {
              SceneText{.text = text, .x = 100, .y = 540, .size = 60, .color = kRed, .max_width = 300}}});
  }
  SUCCEED();
}

TEST_F(CanvasOnASurface, what_is_kept_does_not_grow_for_ever) {
  for (int i = 0; i < 3000; ++i) {
    draw({.items = {SceneText{.text = std::to_string(i), .y = 540, .size = 20, .color = kRed}}});
    ASSERT_LE(canvas_->kept_textures(), Canvas::kMaxKept + 1);
  }
  EXPECT_LT(canvas_->kept_textures(), 200U);
}

TEST_F(CanvasOnASurface, a_scene_that_is_the_same_is_drawn_again_and_none_draws_nothing) {
  draw({.background = Color{1, 2, 3}, .items = {SceneRect{{0, 0, 100, 100}, kRed}}});
  redraw();
  EXPECT_EQ(pixel(10, 10), kRed);
  EXPECT_EQ(pixel(900, 500), (Color{1, 2, 3}));
  canvas_->forget_textures();
  redraw();
  EXPECT_EQ(pixel(10, 10), kRed);
  canvas_->set_scene(nullptr);
  redraw();
  EXPECT_EQ(pixel(10, 10), kBlack);
}

TEST(ScenePlace, the_scene_is_centred_in_windows_of_any_shape) {
  EXPECT_FLOAT_EQ(place_scene({1920, 1080}).scale, 1);
  const auto wide = place_scene({2560, 1080});
  EXPECT_FLOAT_EQ(wide.left, 320);
  EXPECT_FLOAT_EQ(wide.top, 0);
  const auto tall = place_scene({1920, 1200});
  EXPECT_FLOAT_EQ(tall.left, 0);
  EXPECT_FLOAT_EQ(tall.top, 60);
}

TEST(FindFonts, says_where_it_looked_and_what_to_install) {
  const auto found = find_fonts({"/nonexistent/fonts"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().id, "window.no-font");
  EXPECT_NE(found.error().what.find("/nonexistent/fonts"), std::string::npos);
  EXPECT_NE(found.error().remedy.find("fonts-dejavu-core"), std::string::npos);
}

}  // namespace
}  // namespace lumen::render
