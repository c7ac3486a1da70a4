package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/test/crmfake"
)

// natsMain is the program nats: a NATS server with JetStream at an address,
// until it is interrupted: nats ADDR.
func natsMain() {
	host, text, err := net.SplitHostPort(os.Args[1])
	if err != nil {
		end(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		end(err)
	}
	ns, err := server.NewServer(&server.Options{Host: host, Port: port, JetStream: true, StoreDir: "nats", NoSigs: true, NoLog: true})
	if err != nil {
		end(err)
	}
	ns.Start()
	<-interruption()
	ns.Shutdown()
	ns.WaitForShutdown()
	end(nil)
}

// crmMain is the program crm: a CRM with nine prospects at an address, until it
// is interrupted; then it says how many activities and appointments it holds: crm
// ADDR. With a second argument its changes take long; each makes a file of that
// name first: crm ADDR FILE.
func crmMain() {
	fake, err := crmfake.New(crmfake.Options{})
	if err != nil {
		end(err)
	}
	for n := range 9 {
		fake.Put(fmt.Sprint(n+1), map[string]any{"name": fmt.Sprintf("Société %d", n+1), "phone": fmt.Sprintf("01 99 00 00 %02d", n+1)})
	}
	web := &http.Server{Addr: os.Args[1], Handler: fake, ReadHeaderTimeout: time.Minute}
	if len(os.Args) > 2 {
		web.Handler = slowly(fake, os.Args[2])
	}
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe() }()
	select {
	case err := <-failed:
		end(err)
	case <-interruption():
	}
	fmt.Println(len(fake.All(crmfake.Activities)), "activities")
	fmt.Println(len(fake.All(crmfake.Appointments)), "appointments")
	end(errors.Join(web.Close(), fake.Close()))
}

// slowly lets changes of records wait until their sender gives them up.
func slowly(fake http.Handler, file string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPatch {
			fake.ServeHTTP(w, r)
			return
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			end(err)
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that nobody waits
		<-r.Context().Done()
	})
}

func interruption() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	return c
}
