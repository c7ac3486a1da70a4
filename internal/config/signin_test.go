package config

import (
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	const base = "hub: h\nconnections: {phoning.console: {type: console}}\n"
	const least = "issuer: https://id.example/realms/acme, client_id: us, client_secret: s3cret, address: 'https://p.example/'"
	for text, want := range map[string]SignIn{
		"": {},
		"sign_in: {provider: {" + least + "}}\n": {Provider: &Provider{
			Issuer: "https://id.example/realms/acme", ClientID: "us", Address: "https://p.example", Name: "id.example",
			Claim: "preferred_username", Scopes: []string{"profile"},
		}},
		"sign_in: {provider: {" + least + ", name: ACME, claim: email, second_factor: {amr: [otp], acr: [high]}, allow_private: true}, passwords_for: [root]}\n": {
			Provider: &Provider{
				Issuer: "https://id.example/realms/acme", ClientID: "us", Address: "https://p.example", Name: "ACME",
				Claim: "email", Scopes: []string{"email"}, AMR: []string{"otp"}, ACR: []string{"high"}, AllowPrivate: true,
			},
			PasswordsFor: []bridge.PersonID{"root"},
		},
	} {
		cfg, err := Parse("passerelle.yaml", []byte(base+text))
		if err != nil {
			t.Fatal(err)
		}
		if want.Provider != nil {
			want.Provider.Secret = secret.New("s3cret")
		}
		if !cfg.SignIn.Equal(want) {
			t.Errorf("%s: %+v, want %+v", text, cfg.SignIn.Provider, want.Provider)
		}
		if cfg.SignIn.ByPassword("alice") != (want.PasswordsFor == nil) || !cfg.SignIn.ByPassword("root") {
			t.Errorf("%s: passwords of %v", text, cfg.SignIn.PasswordsFor)
		}
		again, err := Parse("passerelle.yaml", []byte(base+text))
		if err != nil || !cfg.SignIn.Equal(again.SignIn) {
			t.Errorf("%s: read twice it differs: %v", text, err)
		}
	}
	for text, says := range map[string]string{
		"{provider: {issuer: 'http://id.example'," + least[35:] + "}}":                 "sign_in.provider.issuer: must be the provider's own address",
		"{provider: {" + strings.Replace(least, "p.example/", "p.example/x", 1) + "}}": "sign_in.provider.address: must be the console's own",
		"{provider: {" + least + ", scopes: ['a b']}}":                                 "sign_in.provider.scopes: must be names of scopes",
		"{passwords_for: [root]}":                                                      "sign_in.passwords_for: without a provider",
		"{provider: {" + least + "}, passwords_for: []}":                               "sign_in.passwords_for: name at least one person",
		"{provider: {" + least + "}, passwords_for: ['a b']}":                          "sign_in.passwords_for: must be ids",
		"{provider: {issuer: https://id.example}}":                                     "client_secret",
	} {
		if _, err := Parse("passerelle.yaml", []byte(base+"sign_in: "+text+"\n")); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
