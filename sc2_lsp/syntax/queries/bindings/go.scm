(parameter_declaration name: (identifier) @name type: (_) @holds) @binding
(var_spec name: (identifier) @name type: (_) @holds) @binding
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list
    . [
      (composite_literal type: (_) @holds)
      (unary_expression operand: (composite_literal type: (_) @holds))
      (type_assertion_expression type: (_) @holds)
    ])) @binding
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list
    . (call_expression function: [(identifier) (selector_expression)] @maker))) @binding
