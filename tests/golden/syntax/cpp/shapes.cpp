// Shapes, as a sample of C++.
#include <memory>
#include "shapes.hpp"

namespace geo::plane {

using Points = std::vector<Point>;
constexpr double kPi = 3.14159;

enum class Colour { Red, Green };

/// Something with an area.
template <typename T>
class Shape : public Drawable, private detail::Counted<Shape<T>> {
 public:
  explicit Shape(T size) : size_(size) {}
  virtual ~Shape() = default;

  virtual T area() const = 0;
  Shape& operator=(const Shape& other);
  static std::unique_ptr<Shape> make(const std::string& name);

  struct Edge {
    Point from, to;
    double length() const;
  };

 protected:
  T size_ = 0;
  Canvas* canvas_;
  std::map<std::string, Colour> colours_;
};

template <typename T>
T largest(const std::vector<T>& all) {
  auto found = std::make_unique<Finder>(all);
  return found->best();
}

double Circle::area() const {
  Canvas& canvas = *canvas_;
  canvas.draw(size_);
  return kPi * size_ * size_;
}

Circle::Circle(double radius)
    : Shape<double>(radius),
      name_("circle") {
  auto pen = new Pen(3);
  Brush brush{2};
  pen->move(brush.width());
}

std::string detail::Named<int>::name(int at) const { return names_.at(at); }

Point* nearest(const Points& points) {
  return nullptr;
}

}  // namespace geo::plane

extern "C" {
int shapes_version(void);
}
