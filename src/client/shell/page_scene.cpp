// How pages look: calm and dark, large type, one colour that says where the focus is.
#include <algorithm>

#include "client/shell/page.hpp"

namespace lumen::client {
namespace {

constexpr Color kBackground{13, 17, 23}, kPanel{27, 34, 44}, kPanelFocused{37, 51, 70}, kText{236, 241, 247},
    kMuted{148, 161, 178}, kAccent{102, 178, 255}, kGood{104, 211, 145}, kWarning{242, 190, 92},
    kBad{247, 120, 120}, kLine{43, 53, 67};

constexpr float kMargin = 96, kTitleY = 100, kSubtitleY = 164, kHintsY = 1020;

class Composer {
 public:
  Composer(const Page& page, ControlId focus) : page_{page}, focus_{focus}, scroll_{scroll_of(page, focus)} {}

  Scene compose(unsigned phase) {
    scene_.background = kBackground;
    for (const auto& control : page_.controls) add(control);
    cover_edges();
    for (const auto& text : page_.texts) add(text);
    add_head(phase);
    if (page_.takes_text) add_field();
    add_hints();
    return std::move(scene_);
  }

 private:
  void rect(const Box& box, Color color, float radius = 0, float border = 0) {
    scene_.items.emplace_back(SceneRect{box, color, radius, border});
  }
  void text(SceneText item) { scene_.items.emplace_back(std::move(item)); }

  void add_head(unsigned phase) {
    text({.text = page_.title,
          .x = kMargin,
          .y = kTitleY,
          .size = 60,
          .color = kText,
          .face = Face::bold,
          .max_width = 1400});
    text({.text = page_.subtitle,
          .x = kMargin,
          .y = kSubtitleY,
          .size = 30,
          .color = kMuted,
          .max_width = 1600});
    text({.text = "LUMEN",
          .x = kSceneWidth - kMargin,
          .y = kTitleY - 8,
          .size = 28,
          .color = kAccent,
          .face = Face::bold,
          .align = Align::right});
    if (!page_.busy) return;
    constexpr unsigned kDots = 3;
    for (unsigned i = 0; i < kDots; ++i) {
      const Color color = i == phase % kDots ? kAccent : kLine;
      rect({kSceneWidth - kMargin - 78 + 30 * static_cast<float>(i), kSubtitleY - 9, 18, 18}, color, 9);
    }
  }

  // What scrolled out of the body is hidden behind head and hints.
  void cover_edges() {
    if (scroll_ <= 0 && !is_tall()) return;
    rect({0, 0, kSceneWidth, kBody.y - 20}, kBackground);
    rect({0, kBody.y + kBody.height + 14, kSceneWidth, kSceneHeight - kBody.y - kBody.height - 14},
         kBackground);
    rect({kMargin, kBody.y + kBody.height + 14, kSceneWidth - 2 * kMargin, 2}, kLine);
  }
  bool is_tall() const {
    return std::ranges::any_of(page_.controls, [](const Control& control) {
      return control.box.y + control.box.height > kBody.y + kBody.height;
    });
  }

  void add(const PageText& item) {
    text({.text = item.text,
          .x = item.x,
          .y = item.y,
          .size = item.size,
          .color = color_of(item.tone),
          .face = item.face,
          .align = item.align,
          .max_width = item.max_width});
  }

  void add_field() {
    const Box box{kSceneWidth / 2 - 480, 240, 960, 96};
    rect(box, kPanel, 16);
    rect(box, kAccent, 16, 3);
    text({.text = page_.field + "_",
          .x = box.center_x(),
          .y = box.center_y(),
          .size = 48,
          .color = kText,
          .face = Face::mono,
          .align = Align::center,
          .max_width = box.width - 48});
  }

  void add(const Control& control) {
    Box place = control.box;
    place.y -= scroll_;
    Box box = place;
    if (box.y + box.height < kBody.y - 60 || box.y > kBody.y + kBody.height + 40) return;
    const bool focused = control.id == focus_;
    if (focused) {
      constexpr float kGrow = 5;
      box = {box.x - kGrow, box.y - kGrow, box.width + 2 * kGrow, box.height + 2 * kGrow};
    }
    const float radius = control.look == Look::card ? 22 : 16;
    rect(box, focused ? kPanelFocused : kPanel, radius);
    if (focused) rect(box, kAccent, radius, 5);
    switch (control.look) {
      case Look::card:
        return add_card(control, place);
      case Look::setting:
        return add_setting(control, place, focused);
      case Look::button:
      case Look::key:
        text({.text = control.title,
              .x = box.center_x(),
              .y = box.center_y(),
              .size = control.look == Look::key ? 44.0F : 34.0F,
              .color = control.tone == Tone::plain ? kText : color_of(control.tone),
              .face = control.look == Look::key ? Face::regular : Face::bold,
              .align = Align::center,
              .max_width = box.width - 32});
        return;
    }
  }

  void add_card(const Control& control, const Box& box) {
    const float left = box.x + 36, width = box.width - 72;
    text({.text = control.title,
          .x = left,
          .y = box.y + 60,
          .size = 40,
          .color = kText,
          .face = Face::bold,
          .max_width = width});
    text({.text = control.detail,
          .x = left,
          .y = box.y + 112,
          .size = 27,
          .color = kMuted,
          .max_width = width});
    if (control.value.empty()) return;
    const float y = box.y + box.height - 42;
    rect({left, y - 8, 16, 16}, color_of(control.tone), 8);
    text({.text = control.value,
          .x = left + 30,
          .y = y,
          .size = 27,
          .color = color_of(control.tone),
          .max_width = width - 30});
  }

  void add_setting(const Control& control, const Box& box, bool focused) {
    const float y = box.center_y(), right = box.x + box.width - 36;
    text({.text = control.title, .x = box.x + 36, .y = y, .size = 31, .color = kText, .max_width = 760});
    text({.text = focused ? "‹ " + control.value + " ›" : control.value,
          .x = right,
          .y = y,
          .size = 31,
          .color = focused ? kAccent : color_of(control.tone),
          .face = Face::bold,
          .align = Align::right,
          .max_width = 860});
  }

  void add_hints() {
    float x = kMargin;
    for (const auto& hint : page_.hints) {
      const float width = 34 + 17 * static_cast<float>(hint.key.size());
      rect({x, kHintsY - 23, width, 46}, kLine, 10);
      text({.text = hint.key,
            .x = x + width / 2,
            .y = kHintsY,
            .size = 24,
            .color = kText,
            .face = Face::bold,
            .align = Align::center});
      x += width + 16;
      text({.text = hint.meaning, .x = x, .y = kHintsY, .size = 26, .color = kMuted});
      x += 15 * static_cast<float>(hint.meaning.size()) + 44;
    }
  }

  const Page& page_;
  ControlId focus_;
  float scroll_;
  Scene scene_;
};

}  // namespace

Color color_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return kText;
    case Tone::muted:
      return kMuted;
    case Tone::good:
      return kGood;
    case Tone::warning:
      return kWarning;
    case Tone::bad:
      return kBad;
    case Tone::accent:
      return kAccent;
  }
  return kText;
}

Scene to_scene(const Page& page, ControlId focus, unsigned phase) {
  return Composer{page, focus}.compose(phase);
}

}  // namespace lumen::client
