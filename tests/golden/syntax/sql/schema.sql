-- A schema, as a sample of SQL.
CREATE TYPE mood AS ENUM ('good', 'bad');

-- People who buy.
CREATE TABLE IF NOT EXISTS shop.customers (
  id BIGINT PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  "group" INT REFERENCES groups (id)
);

CREATE TABLE orders (
  id INT,
  customer_id BIGINT,
  total NUMERIC(10, 2)
);

CREATE OR REPLACE VIEW open_orders AS
SELECT o.id, c.name
FROM orders o
JOIN shop.customers c ON c.id = o.customer_id
WHERE o.total > 0;

CREATE FUNCTION add_tax(amount int, rate int) RETURNS int AS $$
BEGIN
  RETURN amount + rate;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER on_order BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION add_tax();

ALTER TABLE orders ADD COLUMN note text;

CREATE INDEX orders_by_customer ON orders (customer_id);
