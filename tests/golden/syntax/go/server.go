// Package server is a sample of Go.
package server

import "fmt"

import (
	"net/http"
	log "github.com/sirupsen/logrus/v2"
	. "example.com/dot"
)

const DefaultPort = 8080

const (
	StateIdle = iota
	StateBusy
)

var (
	registry = NewRegistry()
	verbose  bool
)

type ID = string

// Handler answers
// requests.
type Handler interface {
	fmt.Stringer
	Handle(ctx context.Context, r *Request) (*Response, error)
}

type (
	// Server listens.
	Server struct {
		http.Server
		*Logger
		name, host string
		mu         sync.Mutex
		handlers   map[string]Handler
	}
	Middleware func(Handler) Handler
)

// New makes a server.
func New(name string, handlers ...Handler) (*Server, error) {
	s := &Server{name: name}
	client := http.NewClient()
	options := Options{}
	s.mu.Lock()
	return s, options.Check(client)
}

func (s *Server) Run(ctx context.Context) error {
	var waiting sync.WaitGroup
	for _, handler := range s.handlers {
		handler.Handle(ctx, nil)
	}
	waiting.Wait()
	return nil
}

func (t Table[K, V]) Get(key K) V { return t.rows[key] }

func Map[T any](all []T, f func(T) T) []T {
	return all
}
