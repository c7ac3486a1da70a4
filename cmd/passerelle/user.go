package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

type userCmds struct {
	Add         userAddCmd         `cmd:"" help:"Give somebody an account. The password is asked for, or read from the standard input."`
	List        userListCmd        `cmd:"" help:"List who signs in with a browser."`
	Reset       userResetCmd       `cmd:"" help:"Give an account another password, open it again and end its sessions."`
	Disable     userDisableCmd     `cmd:"" help:"Close an account and end its sessions."`
	Unlock      userUnlockCmd      `cmd:"" help:"Let somebody try a password again who has tried too many."`
	Factor      userFactorCmd      `cmd:"" name:"reset-factor" help:"Take the second factor from somebody who has lost it, and end their sessions."`
	Unsubscribe userUnsubscribeCmd `cmd:"" help:"End the address at which somebody's own calendar finds their appointments."`
	Access      userAccessCmd      `cmd:"" help:"List who signed in when from where, the newest first."`
}

// user is an account as the API shows it.
type user struct {
	Person    string    `json:"person"`
	Name      string    `json:"name"`
	Team      string    `json:"team"`
	Login     string    `json:"login"`
	Role      string    `json:"role"`
	Record    string    `json:"record"`
	Disabled  bool      `json:"disabled"`
	LastLogin time.Time `json:"last_login"`
	Sessions  int       `json:"sessions"`
	LockedS   int       `json:"locked_s"`
	Renew     bool      `json:"renew"`
	Factor    time.Time `json:"second_factor"`
	Requires  string    `json:"requires"`
}

func (u user) state() string {
	switch {
	case u.Disabled:
		return "disabled"
	case u.LockedS > 0:
		return "locked"
	case u.Renew:
		return "renew password"
	case u.Role == "":
		return "no role"
	}
	return "open"
}

// factor says whether they have a second factor, and whether they must.
func (u user) factor() string {
	switch {
	case !u.Factor.IsZero():
		return "set up"
	case u.Requires != "":
		return "missing"
	}
	return "-"
}

type userAddCmd struct {
	Person     string `arg:"" help:"A person of the config, or the id and login of somebody new."`
	Name       string `help:"Of somebody new."`
	Team       string `help:"Of somebody new."`
	Profile    string `help:"Of somebody new: what the policy gives a role."`
	Connection string `placeholder:"NAME" help:"Of somebody new: what they come through, if there are several consoles."`
}

func (c userAddCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	password, err := s.password()
	if err != nil {
		return err
	}
	body := map[string]string{
		"person": c.Person, "name": c.Name, "team": c.Team, "profile": c.Profile, "connection": c.Connection, "password": password,
	}
	if err := h.post(ctx, "/v1/users", body, nil); err != nil {
		return err
	}
	return s.printf("%s can sign in.\n", c.Person)
}

type userListCmd struct{}

func (userListCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/users", func(found struct{ Items []user }) error {
		rows := make([][]string, len(found.Items))
		for i, u := range found.Items {
			rows[i] = []string{u.Person, u.Login, u.Name, u.Team, u.Role, u.state(), u.factor(), u.Record, moment(u.LastLogin), fmt.Sprint(u.Sessions)}
		}
		return s.table([]string{"PERSON", "LOGIN", "NAME", "TEAM", "ROLE", "STATE", "SECOND FACTOR", "RECORD", "LAST SIGNED IN", "SESSIONS"}, rows)
	})
}

type userResetCmd struct {
	Person string `arg:"" help:"Whose."`
}

func (c userResetCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	password, err := s.password()
	if err != nil {
		return err
	}
	if err := h.post(ctx, "/v1/users/"+url.PathEscape(c.Person)+"/reset", map[string]string{"password": password}, nil); err != nil {
		return err
	}
	return s.printf("%s has another password and is signed out everywhere.\n", c.Person)
}

type userDisableCmd struct {
	Person string `arg:"" help:"Whose."`
	Motive string `required:"" help:"Why."`
}

func (c userDisableCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/users/"+url.PathEscape(c.Person)+"/disable", map[string]string{"motive": c.Motive}, nil); err != nil {
		return err
	}
	return s.printf("%s cannot sign in any more and is signed out everywhere. passerelle user reset opens the account again.\n", c.Person)
}

type userUnsubscribeCmd struct {
	Person string `arg:"" help:"Whose."`
}

func (c userUnsubscribeCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/users/"+url.PathEscape(c.Person)+"/unsubscribe", nil, nil); err != nil {
		return err
	}
	return s.printf("No calendar of %s's is answered any more. They can make another address on their account page.\n", c.Person)
}

type userUnlockCmd struct {
	Person string `arg:"" help:"Whose."`
}

func (c userUnlockCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/users/"+url.PathEscape(c.Person)+"/unlock", nil, nil); err != nil {
		return err
	}
	return s.printf("%s may try again.\n", c.Person)
}

type userFactorCmd struct {
	Person string `arg:"" help:"Whose."`
	Motive string `required:"" help:"Why."`
}

func (c userFactorCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/users/"+url.PathEscape(c.Person)+"/reset-factor", map[string]string{"motive": c.Motive}, nil); err != nil {
		return err
	}
	return s.printf("%s has no second factor any more and is signed out everywhere.\n", c.Person)
}

type userAccessCmd struct {
	Limit    int  `default:"100" help:"At most so many lines."`
	Findings bool `help:"Only what somebody should look into: refusals, new devices, and attempts outside hours or networks."`
}

func (c userAccessCmd) Run(ctx context.Context, s *session) error {
	if c.Limit < 1 || c.Limit > 1000 {
		return usagef("--limit: write a number from 1 to 1000")
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	type visit struct {
		At                        time.Time
		What, Person, Client, How string
	}
	return show(ctx, s, h, fmt.Sprintf("/v1/access?limit=%d&findings=%t", c.Limit, c.Findings), func(found struct{ Items []visit }) error {
		rows := make([][]string, len(found.Items))
		for i, v := range found.Items {
			if v.Person == "" {
				v.Person = "(nobody's login)"
			}
			rows[i] = []string{moment(v.At), v.Person, v.What, v.How, v.Client}
		}
		return s.table([]string{"AT", "PERSON", "WHAT", "BY", "FROM"}, rows)
	})
}

// password is asked for twice at a terminal, else read from the standard input's
// first line. It is never an argument: those stand in the shell's history and in
// the list of processes.
func (s *session) password() (string, error) {
	file, ok := s.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReader(s.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", usagef("no password: write it on the standard input, or run this at a terminal")
		}
		return line, nil
	}
	first, err := s.prompt(file, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := s.prompt(file, "The same again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usagef("the two differ: nothing was changed")
	}
	return first, nil
}

func (s *session) prompt(file *os.File, text string) (string, error) {
	_, _ = fmt.Fprint(s.Stderr, text)
	raw, err := term.ReadPassword(int(file.Fd()))
	_, _ = fmt.Fprintln(s.Stderr)
	return string(raw), err
}
