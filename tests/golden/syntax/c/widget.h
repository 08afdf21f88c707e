#ifndef WIDGET_H
#define WIDGET_H

namespace ui {

// A header that only C++ can read.
class Widget {
 public:
  explicit Widget(int width);
  int width() const { return width_; }

 private:
  int width_;
};

}  // namespace ui

#endif
