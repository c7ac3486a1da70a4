package webhook

import (
	"encoding/json"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// message is the body of a push.
type message struct {
	Items []item `json:"items"`
}

// The types of items.
const (
	typePush     = "card.push"
	typeWithdraw = "card.withdraw"
)

// item is what a platform's list must hold for one lead from now on.
type item struct {
	Type       string                            `json:"type"`
	ID         string                            `json:"id"` // names the content: a repeat has the same
	List       string                            `json:"list"`
	Campaign   bridge.CampaignID                 `json:"campaign"`
	Lead       bridge.LeadID                     `json:"lead"`
	ProspectID string                            `json:"prospect_id"`
	Role       bridge.Role                       `json:"role,omitempty"`
	Policy     string                            `json:"policy,omitempty"`
	Fields     map[bridge.FieldName]bridge.Value `json:"fields,omitzero"` // of a push, even if empty
	Context    map[string]string                 `json:"context,omitempty"`
}

func itemOf(p connector.PushItem) item {
	it := item{
		Type:       typePush,
		List:       p.List,
		Campaign:   p.Campaign,
		Lead:       p.Lead,
		ProspectID: p.Card.Prospect.ID,
	}
	if p.Withdraw {
		it.Type = typeWithdraw
	} else {
		it.Role, it.Policy = p.Card.Role, p.Card.Policy
		it.Fields, it.Context = p.Card.Fields, p.Card.Context
		if it.Fields == nil {
			it.Fields = map[bridge.FieldName]bridge.Value{}
		}
	}
	content, _ := json.Marshal(it) // strings and maps of strings: it cannot fail
	it.ID = contentID("card_", content)
	return it
}

// answer is what a platform may say in a 2xx.
type answer struct {
	Errors []refusal `json:"errors"`
}

// refusal is one item that the platform did not take. Its words for people
// are not read: they may repeat a field's value.
type refusal struct {
	Index int    `json:"index"`
	Code  string `json:"code"`
}

// The codes that a refusal may have. Any other counts as codeInvalid.
const (
	codeInvalid     = "invalid"
	codeUnknownList = "unknown_list"
	codeUnavailable = "unavailable"
)

var codes = []string{codeInvalid, codeUnknownList, codeUnavailable}

func (r refusal) fault(op string) error {
	code := r.Code
	if !slices.Contains(codes, code) {
		code = codeInvalid
	}
	if code == codeUnavailable {
		return fault.Newf(fault.Unavailable, op, "the platform cannot take the card now")
	}
	return fault.Newf(fault.Rejected, op, "the platform refused the card: %s", code)
}
