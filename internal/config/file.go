package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/secret"
	"passerelle/internal/strict"
)

// file is the config as it is written.
type file struct {
	Hub         string                    `yaml:"hub,required"`
	DataDir     string                    `yaml:"data_dir"`
	Listen      string                    `yaml:"listen"`
	Zone        string                    `yaml:"zone"`
	NATS        natsFile                  `yaml:"nats"`
	Key         secret.String             `yaml:"key"`
	HTTP        httpFile                  `yaml:"http"`
	Backup      backupFile                `yaml:"backup"`
	Retention   retentionFile             `yaml:"retention"`
	Sessions    sessionsFile              `yaml:"sessions"`
	SignIn      signInFile                `yaml:"sign_in"`
	Connections map[string]connectionFile `yaml:"connections,required"`
	Campaigns   map[string]campaignFile   `yaml:"campaigns"`
	People      map[string]personFile     `yaml:"people"`
	Tokens      []tokenFile               `yaml:"tokens"`
	Policy      strict.Node               `yaml:"policy"`
}

type natsFile struct {
	URL         string        `yaml:"url"`
	Credentials string        `yaml:"credentials"`
	WriterKey   secret.String `yaml:"writer_key"`
}

type httpFile struct {
	BodyLimit    size          `yaml:"body_limit"`
	RatePerToken float64       `yaml:"rate_per_token"`
	Burst        int           `yaml:"burst"`
	ReadTimeout  time.Duration `yaml:"read_timeout"`
	WriteTimeout time.Duration `yaml:"write_timeout"`
	Proxies      int           `yaml:"proxies"`
}

type connectionFile struct {
	Type         string                 `yaml:"type,required"`
	Zone         string                 `yaml:"zone"`
	Limits       *limitsFile            `yaml:"limits"`
	AllowPrivate bool                   `yaml:"allow_private"`
	Fields       map[string]strict.Node `yaml:"fields"`
	Campaigns    map[string]string      `yaml:"campaigns"`
	Codes        map[string]string      `yaml:"codes"`
	Settings     strict.Node            `yaml:"settings"`
}

type limitsFile struct {
	Rate  float64 `yaml:"rate,required"`
	Burst *int    `yaml:"burst"`
}

type fieldFile struct {
	As     string   `yaml:"as,required"`
	Type   string   `yaml:"type"`
	Class  string   `yaml:"class"`
	EN     string   `yaml:"en"`
	FR     string   `yaml:"fr"`
	Values []string `yaml:"values"`
}

type campaignFile struct {
	Name      string     `yaml:"name"`
	CRM       string     `yaml:"crm,required"`
	Selection string     `yaml:"selection"`
	Feeds     []feedFile `yaml:"feeds"`
	Team      string     `yaml:"team"`
	Principal string     `yaml:"principal"`
	Rules     string     `yaml:"rules,required"`
	Script    string     `yaml:"script"`
	Ends      end        `yaml:"ends"`
}

type feedFile struct {
	Connection string `yaml:"connection,required"`
	List       string `yaml:"list,required"`
	Profile    string `yaml:"profile,required"`
}

type personFile struct {
	Name      string               `yaml:"name"`
	Team      string               `yaml:"team"`
	Territory string               `yaml:"territory"`
	Principal string               `yaml:"principal"`
	Active    *bool                `yaml:"active"`
	Zone      string               `yaml:"zone"`
	CRM       map[string]string    `yaml:"crm"`
	Phoning   map[string]loginFile `yaml:"phoning"`
}

type loginFile struct {
	Login   string `yaml:"login,required"`
	Profile string `yaml:"profile,required"`
}

type tokenFile struct {
	Person     string        `yaml:"person,required"`
	Connection string        `yaml:"connection,required"`
	Token      secret.String `yaml:"token,required"`
}

func defaults() file {
	return file{
		DataDir: "./data", Listen: "127.0.0.1:8080", Zone: "Europe/Paris",
		HTTP:      httpFile{BodyLimit: 1 << 20, RatePerToken: 50, Burst: 100, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second},
		Retention: defaultRetention(), Sessions: defaultSessions(),
	}
}

// size is a number of bytes, written like 512KiB or 1MiB.
type size int64

// DecodeText reads a size.
func (s *size) DecodeText(text, _ string) error {
	unit := int64(1)
	for suffix, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = strings.TrimSpace(number), factor
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return errors.New("must be a size like 512KiB or 1MiB")
	}
	*s = size(n * unit)
	return nil
}

// end is the end of something: the given moment, or the end of the given day
// in a zone that is known later.
type end struct {
	at    time.Time
	isDay bool
}

// DecodeText reads an end.
func (e *end) DecodeText(text, _ string) error {
	day, err := time.Parse(time.DateOnly, text)
	if err == nil {
		*e = end{day, true}
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errors.New("must be a last day like 2027-01-31, or a moment like 2027-01-31T18:00:00+01:00")
	}
	*e = end{at, false}
	return nil
}

// in is the first moment after it.
func (e end) in(zone *time.Location) time.Time {
	if !e.isDay {
		return e.at
	}
	return time.Date(e.at.Year(), e.at.Month(), e.at.Day()+1, 0, 0, 0, 0, zone)
}
