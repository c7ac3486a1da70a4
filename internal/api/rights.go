package api

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// keyUse is what the key of a CRM could do, as the API shows it.
type keyUse policy.KeyUse

type rightsQuery struct {
	Lang string `query:"lang" enum:"en,fr" doc:"Of the text."`
}

type rightsUse struct {
	Items []keyUse `json:"items"`
	Text  string   `json:"text" doc:"All of it in words."`
}

func (a *API) rights(ctx context.Context, actor bridge.Actor, in *rightsQuery) (rightsUse, error) {
	if !a.readsPolicy(actor) {
		return rightsUse{}, errReadsPolicy
	}
	found, err := a.opts.Rights(ctx)
	if err != nil {
		return rightsUse{}, err
	}
	text := ""
	for _, u := range found {
		text += u.Text(in.Lang)
	}
	return rightsUse{listOf(found, "", func(u policy.KeyUse) keyUse { return keyUse(u) }).Items, text}, nil
}
