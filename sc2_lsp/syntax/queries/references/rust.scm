[(identifier) (type_identifier) (field_identifier) (shorthand_field_identifier)] @reference
