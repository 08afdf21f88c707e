((assignment
  left: [(identifier) (instance_variable)] @name
  right: (call receiver: [(constant) (scope_resolution)] @made method: (identifier) @_method))
  (#any-of? @_method "new" "find" "create" "build" "first")) @binding
