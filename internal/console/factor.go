package console

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/boombuler/barcode/qr"

	"passerelle/internal/identity"
	"passerelle/internal/secret"
)

type factorPage struct {
	Since    string // "": there is none
	Left     int    // recovery codes
	Password bool   // it is asked for once more
	Required bool   // and nothing else is open before
	Seed     string // of an offer, in groups; "": there is none
	Drawing  drawing
}

// drawing is a QR code: its modules as an SVG path in a square of Size.
type drawing struct {
	Size int
	Path string
}

// quiet is the width of the margin that readers need, in modules.
const quiet = 4

func drawn(text string) (drawing, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return drawing{}, errors.New("console: a second factor could not be drawn")
	}
	size := code.Bounds().Dx()
	var b strings.Builder
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return drawing{Size: size + 2*quiet, Path: b.String()}, nil
}

func (c *Console) factor(v *visit) error { return v.factorWith(http.StatusOK, nil) }

func (v *visit) factorWith(status int, n *notice) error {
	own, err := v.opts.Accounts.Factor(v.session)
	if err != nil {
		return err
	}
	data := factorPage{
		Left: own.Left, Password: !v.opts.Accounts.Fresh(v.session), Required: v.session.Awaits == identity.AwaitsFactor,
	}
	if !own.Since.IsZero() {
		data.Since = v.look.moment(own.Since.In(v.zone), v.now.In(v.zone))
	}
	if seed := own.Seed.Reveal(); seed != "" {
		data.Seed = grouped(seed)
		if data.Drawing, err = drawn(own.URI.Reveal()); err != nil {
			return err
		}
	}
	return v.showWith(status, "factor", n, data)
}

// grouped is a text in groups of four, as people copy it.
func grouped(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (c *Console) offerFactor(v *visit) error {
	err := c.opts.Accounts.OfferFactor(v.r.Context(), v.session)
	if _, there := errors.AsType[*identity.Refused](err); err != nil && !there {
		return err
	}
	v.redirect("/account/factor")
	return nil
}

func (c *Console) confirmFactor(v *visit) error {
	codes, key, err := c.opts.Accounts.ConfirmFactor(v.r.Context(), v.who(), v.session, identity.Key(v.r), v.given("password"), v.given("code"))
	if err != nil {
		return v.factorFailed(err)
	}
	http.SetCookie(v.w, identity.Cookie(v.r, key))
	return v.showCodes(codes)
}

func (c *Console) removeFactor(v *visit) error {
	key, err := c.opts.Accounts.RemoveFactor(v.r.Context(), v.who(), v.session, identity.Key(v.r), v.given("password"), v.given("code"))
	if err != nil {
		return v.factorFailed(err)
	}
	http.SetCookie(v.w, identity.Cookie(v.r, key))
	v.redirect("/account/factor")
	return nil
}

func (c *Console) renewCodes(v *visit) error {
	codes, err := c.opts.Accounts.RenewRecovery(v.r.Context(), v.who(), v.session, v.given("password"), v.given("code"))
	if err != nil {
		return v.factorFailed(err)
	}
	return v.showCodes(codes)
}

func (v *visit) given(name string) secret.String { return secret.New(v.r.PostFormValue(name)) }

func (v *visit) factorFailed(err error) error {
	if status, text, known := v.notProven(err); known {
		return v.factorWith(status, &notice{"wrong", text})
	}
	return err
}

// showCodes shows recovery codes, this once.
func (v *visit) showCodes(codes []string) error { return v.show(http.StatusOK, "codes", codes) }
