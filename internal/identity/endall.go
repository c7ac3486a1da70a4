package identity

import (
	"context"
	"strings"

	"passerelle/internal/bridge"
)

// EndAll ends all sessions of somebody. Their errors are *[Refused], *[Unknown]
// and the store's.
func (a *Accounts) EndAll(ctx context.Context, by bridge.Actor, who bridge.PersonID, motive string) error {
	if strings.TrimSpace(motive) == "" {
		return &Refused{sayWhy}
	}
	return a.change(ctx, by, who, "end sessions", motive, func(*Account) error { return nil })
}
