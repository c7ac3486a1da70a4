package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

func random() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the process instead
	return base64.StdEncoding.EncodeToString(raw[:])
}

// natsFiles are what the servers' config includes, and the bridge's .creds.
func natsFiles(nodes []string) (map[string]string, error) {
	operator, err1 := nkeys.CreateOperator()
	system, err2 := nkeys.CreateAccount()
	account, err3 := nkeys.CreateAccount()
	user, err4 := nkeys.CreateUser()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	conf, err := operatorConf(operator, system, account)
	if err != nil {
		return nil, err
	}
	creds, err := credentials(account, user)
	if err != nil {
		return nil, err
	}
	return map[string]string{"nats_operator.conf": conf, "nats_routes.conf": routesConf(nodes), "hub.creds": creds}, nil
}

// operatorConf says whom the servers trust.
func operatorConf(operator, system, account nkeys.KeyPair) (string, error) {
	operatorID, err1 := operator.PublicKey()
	systemID, err2 := system.PublicKey()
	accountID, err3 := account.PublicKey()
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", err
	}
	root := jwt.NewOperatorClaims(operatorID)
	root.Name, root.SystemAccount = "passerelle", systemID
	sys := jwt.NewAccountClaims(systemID)
	sys.Name = "SYS"
	ours := jwt.NewAccountClaims(accountID)
	ours.Name = "PASSERELLE"
	ours.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	var tokens [3]string
	for i, claims := range []jwt.Claims{root, sys, ours} {
		var err error
		if tokens[i], err = claims.Encode(operator); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload {\n  %s: %s\n  %s: %s\n}",
		tokens[0], systemID, systemID, tokens[1], accountID, tokens[2]), nil
}

// credentials are the user's token and key in the form of a .creds file.
func credentials(account, user nkeys.KeyPair) (string, error) {
	userID, err := user.PublicKey()
	if err != nil {
		return "", err
	}
	claims := jwt.NewUserClaims(userID)
	claims.Name = "passerelle"
	token, err := claims.Encode(account)
	if err != nil {
		return "", err
	}
	seed, err := user.Seed()
	if err != nil {
		return "", err
	}
	text, err := jwt.FormatUserConfig(token, seed)
	return strings.TrimSpace(string(text)), err
}

// routesConf says where the other servers are, and the password among them.
func routesConf(nodes []string) string {
	var raw [24]byte
	_, _ = rand.Read(raw[:])
	password := base64.RawURLEncoding.EncodeToString(raw[:])
	var out strings.Builder
	fmt.Fprintf(&out, "authorization { user: route, password: %q }\nroutes: [\n", password)
	for _, node := range nodes {
		fmt.Fprintf(&out, "  %q\n", "nats-route://route:"+password+"@"+node+":6222")
	}
	out.WriteString("]")
	return out.String()
}
