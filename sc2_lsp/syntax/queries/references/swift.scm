[(simple_identifier) (type_identifier)] @reference
