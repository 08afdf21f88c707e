# A post, as a sample of Ruby.
require "json"
require_relative "../lib/slug"

LIMIT = 10
Point = Struct.new(:x, :y) do
  def length
    Math.sqrt(x * x + y * y)
  end
end

module Blog
  # Something that
  # was written.
  class Post < ActiveRecord::Base
    include Comparable
    extend Search

    belongs_to :author
    has_many :comments, dependent: :destroy
    attr_accessor :title, :body

    STATES = %w[draft published].freeze
    @@count = 0

    scope :recent, -> { where("age < 3") }

    def initialize(title, body: nil)
      @title = title
      @slug = Slug.new(title)
    end

    def self.latest(limit) = order(:id).first(limit)

    def publish!(time)
      mailer = Mailer.new(time)
      mailer.deliver(self.author.email)
      @slug&.save
    end

    def <=>(other)
      title <=> other.title
    end

    class << self
      def import(path)
        JSON.parse(File.read(path))
      end
    end

    private def secret; end
  end
end

def helper(value)
  value.to_s
end
