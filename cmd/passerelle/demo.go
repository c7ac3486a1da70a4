package main

import (
	"context"
	"errors"

	"passerelle/cmd/passerelle/internal/demo"
)

type demoCmd struct {
	Dir       string `default:"./passerelle-demo" placeholder:"DIR" help:"The demo's folder: made at the first start, gone on with afterwards (${default})."`
	Simulate  bool   `help:"Let simulated callers and a supervisor work through the API."`
	Listen    string `placeholder:"ADDR" help:"Serve here; 127.0.0.1:8080 unless the folder's config says otherwise. Port 0 is any free one."`
	Prospects int    `default:"500" placeholder:"N" help:"How many prospects a new demo has (${default})."`
}

func (c demoCmd) Run(ctx context.Context, s *session) error {
	if s.JSON {
		return usagef("demo speaks to people only: leave --json out")
	}
	err := demo.Run(ctx, demo.Options{
		Dir: c.Dir, Listen: c.Listen, Prospects: c.Prospects, Simulate: c.Simulate,
		Version: thisBuild().Version, Out: s.Stdout,
	})
	if wrong, ok := errors.AsType[demo.Misuse](err); ok {
		return usageError{wrong}
	}
	return err
}
