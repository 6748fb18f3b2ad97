// Command webhook serves cert-manager's admission webhook on one loopback address, for tests.
//
// cert-manager's own command listens on every address. The path of this module lies below cert-manager's, since Go
// lets nobody else import cert-manager/internal.
package main

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/internal/webhook"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/admission"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	flags := flag.NewFlagSet("webhook", flag.ExitOnError) // controller-runtime has a --kubeconfig in the global one
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig")
	address := flags.String("address", "", "host:port to listen on")
	certificate := flags.String("tls-cert-file", "", "path of the serving certificate")
	key := flags.String("tls-private-key-file", "", "path of its key")
	_ = flags.Parse(os.Args[1:])

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logf.InitLogs()
	ctrl.SetLogger(logf.Log)
	handler, err := newHandler(*kubeconfig, *certificate, *key)
	if err != nil {
		panic(err)
	}
	server := &http.Server{Addr: *address, Handler: handler, ReadHeaderTimeout: 30 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()) })
	if err := server.ListenAndServeTLS(*certificate, *key); !errors.Is(err, http.ErrServerClosed) {
		panic(err)
	}
}

func newHandler(kubeconfig, certificate, key string) (http.Handler, error) {
	configuration, err := options.NewWebhookConfiguration()
	if err != nil {
		return nil, err
	}
	configuration.KubeConfig = kubeconfig
	configuration.TLSConfig.Filesystem.CertFile = certificate
	configuration.TLSConfig.Filesystem.KeyFile = key
	webhooks, err := webhook.NewCertManagerWebhookServer(logf.Log, *configuration)
	if err != nil {
		return nil, err
	}
	paths := http.NewServeMux()
	paths.Handle("/mutate", admission.NewCustomMutationWebhook(webhooks.MutationWebhook))
	paths.Handle("/validate", admission.NewCustomValidationWebhook(webhooks.ResourceScheme, webhooks.ValidationWebhook))
	return paths, nil
}
