package vtiger

import (
	"context"
	"crypto/md5" // the vendor's challenge wants it
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

// lifetime is how long a session lasts at most, whatever happens in it. After
// 30 idle minutes the server ends it as well; then it says so.
const lifetime = 24 * time.Hour

// identity is a session and whom it belongs to. It travels as the session's
// token, so that every process that shares it knows whose rights it has.
type identity struct {
	session string
	user    string // "19x5"
	admin   bool
	version string // of the CRM
}

func (i identity) token() secret.String {
	role := "user"
	if i.admin {
		role = "admin"
	}
	return secret.New(strings.Join([]string{i.session, i.user, role, i.version}, " "))
}

func identified(token secret.String) identity {
	parts := strings.SplitN(token.Reveal(), " ", 4)
	if len(parts) != 4 {
		return identity{}
	}
	return identity{parts[0], parts[1], parts[2] == "admin", parts[3]}
}

// login takes a challenge and answers it. Each challenge ends the user's former
// one: another program that logs in as the same user between our two requests
// makes good credentials look bad, so that one refusal proves nothing.
func (c *conn) login(ctx context.Context, _ connector.Session) (connector.Session, error) {
	s, err := c.answerChallenge(ctx)
	if r, ok := errors.AsType[*refusal](err); ok && (r.code == "INVALID_USER_CREDENTIALS" || r.code == "INVALID_AUTH_TOKEN") {
		return c.answerChallenge(ctx)
	}
	return s, err
}

func (c *conn) answerChallenge(ctx context.Context) (connector.Session, error) {
	const op = "vtiger: log in"
	var challenge struct{ Token string }
	err := c.exchange(ctx, op, read("getchallenge", "username", c.User), secret.String{}, &challenge)
	if err != nil {
		return connector.Session{}, barred(err)
	}
	sum := md5.Sum([]byte(challenge.Token + c.AccessKey.Reveal()))
	begun := c.env.Now()
	var answer struct {
		SessionName, UserID, VtigerVersion string
		IsAdmin                            string `json:"is_admin"`
	}
	err = c.exchange(ctx, op, write("login", "username", c.User, "accessKey", hex.EncodeToString(sum[:])), secret.String{}, &answer)
	if err != nil {
		return connector.Session{}, barred(err)
	}
	if answer.SessionName == "" || strings.ContainsAny(answer.SessionName+answer.UserID, " ") {
		return connector.Session{}, fault.Newf(fault.Unavailable, op, "the login gave no session")
	}
	who := identity{answer.SessionName, answer.UserID, answer.IsAdmin == "on", answer.VtigerVersion}
	return connector.Session{Token: who.token(), Expires: begun.Add(lifetime)}, nil
}

// barred makes a refused login what it is: nothing goes until somebody sees to
// the credentials.
func barred(err error) error {
	if code, _ := coded(err); code != "" && fault.Of(err).Kind == fault.Rejected {
		fault.Of(err).Kind = fault.Permanent
	}
	return err
}

// self is whom the connection's key belongs to.
func (c *conn) self(ctx context.Context, op string) (identity, error) {
	if c.access != nil {
		token, err := c.access(ctx, secret.String{})
		return identified(token), err
	}
	c.mu.Lock()
	known := c.me
	c.mu.Unlock()
	if known.user != "" {
		return known, nil
	}
	var answer struct {
		ID      string `json:"id"`
		IsAdmin string `json:"is_admin"`
	}
	if err := c.call(ctx, op, read("me"), &answer); err != nil {
		return identity{}, err
	}
	known = identity{user: answer.ID, admin: answer.IsAdmin == "on", version: "cloud"}
	c.mu.Lock()
	c.me = known
	c.mu.Unlock()
	return known, nil
}
