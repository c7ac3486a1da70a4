package fake

import (
	"crypto/md5" // as the vendor does
	"encoding/hex"
	"fmt"
	"time"
)

const (
	challengeLife = 5 * time.Minute
	sessionLife   = 24 * time.Hour
	sessionIdle   = 30 * time.Minute
)

type challenge struct {
	token string
	until time.Time
}

type session struct {
	user        *User
	begun, used time.Time
}

// fault is a WebServiceException.
type fault struct{ code, message string }

func denied(message string) *fault { return &fault{"ACCESS_DENIED", message} }

var (
	notPermitted = "Permission to perform the operation is denied"
	notReadable  = "Permission to read given object is denied"
)

func (c *CRM) user(login string) *User {
	for _, u := range c.users {
		if u.Login == login {
			return u
		}
	}
	return nil
}

// getChallenge ends the user's former challenge.
func (c *CRM) getChallenge(login string) (any, *fault) {
	if login == "" {
		return nil, denied("No username given")
	}
	u := c.user(login)
	if u == nil {
		return nil, denied("username does not exists")
	}
	now := c.opts.Now()
	token := fmt.Sprintf("%013x", md5.Sum(fmt.Append(nil, login, len(c.sessions), now.UnixNano())))[:13]
	c.challenges[u.ID] = challenge{token, now.Add(challengeLife)}
	return map[string]any{"token": token, "serverTime": now.Unix(), "expireTime": now.Add(challengeLife).Unix()}, nil
}

func (c *CRM) login(login, key string) (any, *fault) {
	u := c.user(login)
	if u == nil {
		return nil, &fault{"INVALID_USER_CREDENTIALS", "Invalid username or password"}
	}
	ch, ok := c.challenges[u.ID]
	if !ok || c.opts.Now().After(ch.until) {
		return nil, &fault{"INVALID_AUTH_TOKEN", "Specified token is invalid or expired"}
	}
	sum := md5.Sum([]byte(ch.token + u.Key))
	if hex.EncodeToString(sum[:]) != key || u.Inactive || c.refusing {
		return nil, &fault{"INVALID_USER_CREDENTIALS", "Invalid username or password"}
	}
	now := c.opts.Now()
	name := hex.EncodeToString(fmt.Appendf(nil, "%d.%d", len(c.sessions), now.UnixNano()))
	c.sessions[name] = &session{u, now, now}
	admin := "off"
	if u.Admin {
		admin = "on"
	}
	return map[string]any{
		"username": u.Login, "first_name": u.First, "last_name": u.Last, "email": u.Email, "time_zone": "UTC",
		"hour_format": "12", "date_format": "yyyy-mm-dd", "is_admin": admin, "call_duration": "5", "other_event_duration": "5",
		"sessionName": name, "userId": c.ownerID(u.ID), "version": "0.22", "vtigerVersion": "8.0.0",
	}, nil
}

// who is whose session a name is.
func (c *CRM) who(name string) (*User, *fault) {
	s, ok := c.sessions[name]
	now := c.opts.Now()
	switch {
	case !ok || s == nil:
		return nil, &fault{"INVALID_SESSIONID", "Session Identifier provided is Invalid"}
	case now.Sub(s.begun) > sessionLife:
		c.sessions[name] = nil
		return nil, &fault{"SESSION_EXPIRED", "Session has life span over please login again"}
	case now.Sub(s.used) > sessionIdle:
		c.sessions[name] = nil
		return nil, &fault{"SESSION_LEFT_IDLE", "Session has been invalidated to due lack activity"}
	}
	s.used = now
	return s.user, nil
}

// EndSessions ends all sessions, as a restart of the server does.
func (c *CRM) EndSessions() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.sessions {
		c.sessions[name] = nil
	}
}

// RefuseLogins makes every further login fail, as a changed access key does.
func (c *CRM) RefuseLogins() {
	c.EndSessions()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusing = true
}
