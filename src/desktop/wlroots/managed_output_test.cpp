// A managed output in a compositor with monitors beside it.
#include <atomic>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "desktop/wayland/connection.hpp"
#include "desktop/wlroots/test_fake_compositor.hpp"
#include "desktop/wlroots/virtual_output.hpp"

extern "C" const wl_interface zwlr_output_manager_v1_interface;
extern "C" const wl_interface zwlr_output_head_v1_interface;
extern "C" const wl_interface zwlr_output_mode_v1_interface;
extern "C" const wl_interface zwlr_output_configuration_v1_interface;
extern "C" const wl_interface zwlr_output_configuration_head_v1_interface;

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

// Its heads have modes that it names again and again. "DP-1" is on but no wl_output yet, "DP-2" is off.
class ManagingCompositor final : public FakeCompositor {
 public:
  ManagingCompositor() {
    offer(zwlr_output_manager_v1_interface, 2, bind_manager);
    start();
  }
  ~ManagingCompositor() { stop(); }
  std::atomic<int> switched_off = 0, applied = 0;

 private:
  enum ManagerEvent : std::uint32_t { kHead, kDone };
  enum HeadEvent : std::uint32_t { kName = 0, kMode = 3, kEnabled = 4, kCurrentMode = 5 };
  enum ConfigurationEvent : std::uint32_t { kSucceeded };

  struct ManagerRequests {
    void (*create_configuration)(wl_client*, wl_resource*, std::uint32_t id, std::uint32_t serial);
    void (*stop)(wl_client*, wl_resource*);
  };
  struct ConfigurationRequests {
    void (*enable_head)(wl_client*, wl_resource*, std::uint32_t id, wl_resource* head);
    void (*disable_head)(wl_client*, wl_resource*, wl_resource* head);
    void (*apply)(wl_client*, wl_resource*);
    void (*test)(wl_client*, wl_resource*);
    void (*destroy)(wl_client*, wl_resource*);
  };
  struct PartRequests {
    void (*set_mode)(wl_client*, wl_resource*, wl_resource* mode);
    void (*set_custom_mode)(wl_client*, wl_resource*, int, int, int);
    void (*set_position)(wl_client*, wl_resource*, int, int);
    void (*set_transform)(wl_client*, wl_resource*, int);
    void (*set_scale)(wl_client*, wl_resource*, wl_fixed_t);
  };

  static void bind_manager(wl_client* client, void* self, std::uint32_t version, std::uint32_t id) {
    static constexpr ManagerRequests kRequests{create_configuration, nullptr};
    auto& fake = *static_cast<ManagingCompositor*>(self);
    fake.manager_ =
        wl_resource_create(client, &zwlr_output_manager_v1_interface, static_cast<int>(version), id);
    wl_resource_set_implementation(fake.manager_, &kRequests, self, nullptr);
    fake.add_head(kFakeOutput, true);
    fake.add_head("DP-1", true);
    fake.add_head("DP-2", false);
    wl_resource_post_event(fake.manager_, kDone, 1);
  }
  void add_head(const char* name, bool on) {
    auto* client = wl_resource_get_client(manager_);
    auto* head = wl_resource_create(client, &zwlr_output_head_v1_interface, 2, 0);
    wl_resource_post_event(manager_, kHead, head);
    wl_resource_post_event(head, kName, name);
    wl_resource_post_event(head, kEnabled, on ? 1 : 0);
    auto* mode = wl_resource_create(client, &zwlr_output_mode_v1_interface, 2, 0);
    wl_resource_post_event(head, kMode, mode);
    wl_resource_post_event(head, kCurrentMode, mode);
    head_ = head;
    mode_ = mode;
  }

  static void create_configuration(wl_client* client, wl_resource* manager, std::uint32_t id, std::uint32_t) {
    static constexpr ConfigurationRequests kRequests{enable_head, disable_head, apply, nullptr, destroy};
    auto* made = wl_resource_create(client, &zwlr_output_configuration_v1_interface, 2, id);
    wl_resource_set_implementation(made, &kRequests, wl_resource_get_user_data(manager), nullptr);
  }
  static void enable_head(wl_client* client, wl_resource*, std::uint32_t id, wl_resource*) {
    static constexpr PartRequests kRequests{
        [](wl_client*, wl_resource*, wl_resource*) {}, [](wl_client*, wl_resource*, int, int, int) {},
        [](wl_client*, wl_resource*, int, int) {}, [](wl_client*, wl_resource*, int) {},
        [](wl_client*, wl_resource*, wl_fixed_t) {}};
    auto* part = wl_resource_create(client, &zwlr_output_configuration_head_v1_interface, 2, id);
    wl_resource_set_implementation(part, &kRequests, nullptr, nullptr);
  }
  static void disable_head(wl_client*, wl_resource* configuration, wl_resource*) {
    ++static_cast<ManagingCompositor*>(wl_resource_get_user_data(configuration))->switched_off;
  }
  static void apply(wl_client*, wl_resource* configuration) {
    auto& fake = *static_cast<ManagingCompositor*>(wl_resource_get_user_data(configuration));
    ++fake.applied;
    wl_resource_post_event(fake.head_, kCurrentMode, fake.mode_);
    wl_resource_post_event(fake.manager_, kDone, 1 + fake.applied.load());
    wl_resource_post_event(configuration, kSucceeded);
  }

  wl_resource *manager_ = nullptr, *head_ = nullptr, *mode_ = nullptr;
};

TEST(ManagedOutput, leaves_monitors_alone_and_outlives_the_names_of_their_modes) {
  ManagingCompositor compositor;
  const desktop_test::TempDir dir;
  const auto loop = *EventLoop::create();
  const auto log = make_null_logger();
  const auto connection = *wayland::WaylandConnection::connect(compositor.socket_path(), *loop, {});
  OutputParams params;
  params.mode = {1280, 720, 60'000};
  params.place.runtime_dir = dir.path();
  auto taken = take_managed_output(params, *connection, *log);
  ASSERT_TRUE(taken) << describe(taken.error());
  EXPECT_EQ((*taken)->name(), kFakeOutput);
  EXPECT_EQ(compositor.switched_off, 1);  // DP-2, which was
  EXPECT_TRUE((*taken)->set_mode({800, 600, 60'000}));
  taken->reset();  // gives it back
  EXPECT_EQ(compositor.applied, 3);
  EXPECT_EQ(compositor.switched_off, 3);
  EXPECT_FALSE(connection->is_lost());
}

}  // namespace
}  // namespace lumen::wlroots
