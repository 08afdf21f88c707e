((call method: (identifier) @_method arguments: (argument_list . (string) @from) !receiver) @import
  (#any-of? @_method "require" "require_relative" "load"))
((call method: (identifier) @_method arguments: (argument_list (string) @from .)) @import
  (#eq? @_method "autoload"))

(module name: (_) @path body: (_)? @body) @module
(class name: (_) @path superclass: (_)? @bases body: (_)? @body) @class
(singleton_class body: (_) @scope)

(method name: (_) @name body: (_)? @body) @function
(singleton_method name: (_) @name body: (_)? @body) @function
(call arguments: (argument_list [(method) (singleton_method)]) @scope)
((method name: (_) @_name parameters: (_)? @parameters body: (_) @fields)
  (#eq? @_name "initialize"))

((call method: (identifier) @_method arguments: (argument_list (simple_symbol) @name)) @field
  (#any-of? @_method "attr_accessor" "attr_reader" "attr_writer"))
((call method: (identifier) @_method arguments: (argument_list . (simple_symbol) @name)) @function
  (#any-of? @_method "define_method" "alias_method" "scope" "delegate"))
((call method: (identifier) @_method arguments: (argument_list . (simple_symbol) @name)) @field
  (#any-of? @_method "has_many" "has_one" "belongs_to" "attribute" "has_and_belongs_to_many"))
((call method: (identifier) @_method arguments: (argument_list (_) @extends))
  (#any-of? @_method "include" "extend" "prepend"))

((assignment
  left: (constant) @name
  right: (call
    receiver: (constant) @_receiver
    block: (_ body: (_) @body)?)) @class
  (#any-of? @_receiver "Struct" "Data" "Class" "Module"))
((assignment left: (constant) @name right: (_) @_value) @variable
  (#not-match? @_value "^(Struct|Data|Class|Module)\\."))
(assignment left: (class_variable) @name) @variable
(assignment left: (global_variable) @name) @variable

; Fields, in the body of a constructor.
(assignment
  left: (instance_variable) @name
  right: [
    (call receiver: [(constant) (scope_resolution)] @made method: (identifier) @_new)
    (_)
  ]) @field
