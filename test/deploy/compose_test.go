package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// compose is the form of deploy/compose.yaml; a key that is not here is a
// mistake.
type compose struct {
	Name        string                    `yaml:"name"`
	XNats       any                       `yaml:"x-nats"`
	XPasserelle any                       `yaml:"x-passerelle"`
	Services    map[string]service        `yaml:"services"`
	Networks    map[string]map[string]any `yaml:"networks"`
	Volumes     map[string]map[string]any `yaml:"volumes"`
	Secrets     map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

type service struct {
	Image           string            `yaml:"image"`
	Build           map[string]string `yaml:"build"`
	Command         []string          `yaml:"command"`
	Restart         string            `yaml:"restart"`
	ReadOnly        bool              `yaml:"read_only"`
	CapDrop         []string          `yaml:"cap_drop"`
	SecurityOpt     []string          `yaml:"security_opt"`
	Tmpfs           []string          `yaml:"tmpfs"`
	StopGracePeriod string            `yaml:"stop_grace_period"`
	Ports           []string          `yaml:"ports"`
	Networks        []string          `yaml:"networks"`
	Volumes         []string          `yaml:"volumes"`
	Secrets         []string          `yaml:"secrets"`
	Environment     map[string]string `yaml:"environment"`
	DependsOn       map[string]any    `yaml:"depends_on"`
	Healthcheck     map[string]any    `yaml:"healthcheck"`
}

func composeFile(t *testing.T) compose {
	t.Helper()
	var out compose
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "deploy/compose.yaml")), &out, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestComposeHoldsTogether(t *testing.T) {
	t.Parallel()
	c := composeFile(t)
	made := secrets(t)
	for name, secret := range c.Secrets {
		if secret.File != "../.build/secrets/"+name {
			t.Errorf("secret %s lies in %s", name, secret.File)
		}
		if _, err := os.Stat(filepath.Join(made, name)); err != nil {
			t.Errorf("secret %s is not made by deploy/secrets: %v", name, err)
		}
	}
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			if _, ok := c.Secrets[secret]; !ok {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
		for _, network := range s.Networks {
			if _, ok := c.Networks[network]; !ok {
				t.Errorf("%s: there is no network %s", name, network)
			}
		}
		for other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s", name, other)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[source]; ok {
				continue
			}
			if _, err := os.Stat(filepath.Join(path(t, "deploy"), source)); err != nil {
				t.Errorf("%s mounts %s: %v", name, source, err)
			}
		}
	}
	for _, node := range nodes {
		if s := c.Services[node]; s.Environment["NATS_NAME"] != node || !slices.Contains(s.Volumes, node+":/data") || s.Restart == "" {
			t.Errorf("%s: %+v", node, s)
		}
	}
}

// What the config of the containers names is mounted into them.
func TestComposeMountsWhatTheConfigNames(t *testing.T) {
	t.Parallel()
	c := composeFile(t)
	text := read(t, "deploy/examples/cluster/passerelle.yaml")
	for _, m := range regexp.MustCompile(`/run/secrets/([\w.]+)`).FindAllStringSubmatch(text, -1) {
		for _, name := range []string{"hub", "writer"} {
			if !slices.Contains(c.Services[name].Secrets, m[1]) {
				t.Errorf("%s has no secret %s", name, m[1])
			}
		}
	}
	for _, node := range nodes {
		if !strings.Contains(text, "nats://"+node+":4222") {
			t.Errorf("the config does not name %s", node)
		}
	}
	_, data, ok := strings.Cut(c.Services["hub"].Volumes[0], ":")
	if !ok || !strings.Contains(text, "data_dir: "+data+"\n") || !strings.Contains(read(t, "deploy/Dockerfile"), "VOLUME "+data+"\n") {
		t.Errorf("the data is mounted at %s", data)
	}
}

// The servers' image is of the version that everything is tested with.
func TestComposeUsesTheTestedNATS(t *testing.T) {
	t.Parallel()
	version := regexp.MustCompile(`nats-server/v2 v(\S+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	for _, node := range nodes {
		if image := composeFile(t).Services[node].Image; image != "nats:"+version+"-alpine" {
			t.Errorf("%s is %s; go.mod has %s", node, image, version)
		}
	}
}
