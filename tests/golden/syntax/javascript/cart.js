// A cart, as a sample of JavaScript.
import React, { useState, useEffect as effect } from "react";
import * as api from "./api";
import "./cart.css";

const fs = require("fs");
const { join, sep: separator } = require("path");

export { total as sum } from "./total";
export * from "./types";

const TAX = 0.19;
let count = 0,
  cache = new Map();

/**
 * Goods that
 * somebody wants.
 */
export default class Cart extends api.Store {
  static limit = 10;
  #items = [];
  onChange = (event) => {
    this.notify(event);
  };

  constructor(owner) {
    super(owner);
    this.owner = owner;
    this.history = new History(owner);
  }

  get size() {
    return this.#items.length;
  }

  async load(id) {
    const response = await api.client.get(id);
    return response?.data.items;
  }
}

export function Row({ item, onRemove }) {
  const [open, setOpen] = useState(false);
  return <li onClick={() => setOpen(!open)}>{item.name}</li>;
}

export const price = async (item) => {
  return item.price * TAX;
};

const handlers = {
  add(item) {
    cache.set(item.id, item);
  },
  remove: function (item) {
    cache.delete(item.id);
  },
};

function* pages() {
  yield 1;
}

exports.legacy = function (a) {
  return a;
};
module.exports.version = "1.0";
module.exports = {
  first() {
    return 1;
  },
  second: () => 2,
};

Cart.prototype.clear = function () {
  this.items = [];
};

(function () {
  var hidden = 1;
  function inner() {
    return hidden;
  }
})();
