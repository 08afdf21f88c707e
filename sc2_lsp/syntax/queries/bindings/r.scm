((binary_operator
  lhs: (identifier) @name
  rhs: (call
    function: (extract_operator lhs: (identifier) @made rhs: (identifier) @_new))) @binding
  (#eq? @_new "new"))
