package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"

	"khue/bench/peers/load"
)

const (
	namespace = "bench"
	loopback  = "127.0.0.1"
)

// serverCmd is the server's part: one process with all four services over one store.
type serverCmd struct {
	db         string // admin URL of PostgreSQL with the two databases below; empty: SQLite
	main       string // names of the databases
	visibility string
	dir        string // of the SQLite file
	shards     int
	partitions int
	conns      int
	logs       string
	profile    string // file, where one is asked for
}

// run serves until the load has gone.
func (s serverCmd) run() error {
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: false, Level: s.logs, Format: "console"}))
	cfg, err := s.config()
	if err != nil {
		return err
	}
	if err := s.prepare(cfg, logger); err != nil {
		return err
	}
	claims, err := authorization.GetClaimMapperFromConfig(&cfg.Global.Authorization, logger)
	if err != nil {
		return err
	}
	srv, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(s.dynamic()),
	)
	if err != nil {
		return err
	}
	if err := srv.Start(); err != nil {
		return err
	}
	if err := ready(cfg.PublicClient.HostPort); err != nil {
		return err
	}
	load.Serve(cfg.PublicClient.HostPort)
	pprof.StopCPUProfile()
	return srv.Stop()
}

// ready waits until the frontend knows the namespace.
func ready(addr string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for {
		c, err := client.DialContext(ctx, client.Options{HostPort: addr, Namespace: namespace, Logger: quiet{}})
		if err == nil {
			_, err = c.DescribeTaskQueue(ctx, queue, 1)
			c.Close()
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// dynamic lifts every limit on rates that a single machine could meet, asks for one partition of
// each task queue where one process serves them all, and leaves the rest as it is.
func (s serverCmd) dynamic() dynamicconfig.StaticClient {
	const none = 1_000_000
	return dynamicconfig.StaticClient{
		dynamicconfig.FrontendRPS.Key():                         none,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():  none,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():           none,
		dynamicconfig.HistoryRPS.Key():                          none,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():            none,
		dynamicconfig.MatchingRPS.Key():                         none,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():           none,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():     none,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():    none,
		dynamicconfig.TransferProcessorMaxPollRPS.Key():         1000,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():            1000,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key():       1000,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  s.partitions,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): s.partitions,
		dynamicconfig.EnableEagerWorkflowStart.Key():            true,
		dynamicconfig.EnableActivityEagerExecution.Key():        true,
	}
}

func (s serverCmd) config() (*config.Config, error) {
	main, visibility, err := s.stores()
	if err != nil {
		return nil, err
	}
	services, port := map[string]config.Service{}, 0
	for _, name := range []string{"worker", "matching", "history", "frontend"} {
		free, err := ports()
		if err != nil {
			return nil, err
		}
		port = free[0] // in the end the frontend's
		services[name] = config.Service{RPC: config.RPC{GRPCPort: free[0], MembershipPort: free[1], BindOnIP: loopback}}
	}
	addr := fmt.Sprintf("%s:%d", loopback, port)
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback}},
		Persistence: config.Persistence{
			DefaultStore: "main", VisibilityStore: "visibility", NumHistoryShards: int32(s.shards),
			DataStores: map[string]config.DataStore{"main": {SQL: main}, "visibility": {SQL: visibility}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: addr}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: addr},
	}, nil
}

// ports finds two that nobody has, below 32768: the schema of PostgreSQL keeps them in two bytes.
func ports() (out [2]int, err error) {
	for i := range out {
		for tries := 0; out[i] == 0; tries++ {
			port := 20_000 + rand.IntN(12_000)
			l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", loopback, port))
			if err == nil {
				defer func() { _ = l.Close() }()
				out[i] = port
			} else if tries == 100 {
				return out, err
			}
		}
	}
	return out, nil
}

// stores says where the server keeps its state. Both are durable: an answered act is on disk.
func (s serverCmd) stores() (main, visibility *config.SQL, err error) {
	if s.db == "" {
		// As in config/development-sqlite-file.yaml of the server's own source, in which both stores are one
		// file with one connection, but for the number of connections where it is asked for.
		one := &config.SQL{
			PluginName: sqlite.PluginName, DatabaseName: filepath.Join(s.dir, "temporal.db"), ConnectAddr: "localhost", ConnectProtocol: "tcp",
			ConnectAttributes: map[string]string{"mode": "rwc", "cache": "private", "journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000"},
			MaxConns:          max(1, s.conns), MaxIdleConns: max(1, s.conns),
		}
		return one, one, nil
	}
	u, err := url.Parse(s.db)
	if err != nil {
		return nil, nil, err
	}
	password, _ := u.User.Password()
	conns := s.conns
	if conns == 0 {
		conns = 50
	}
	to := func(name string) *config.SQL {
		return &config.SQL{
			PluginName: postgresql.PluginNamePGX, DatabaseName: name, User: u.User.Username(), Password: password,
			ConnectAddr: u.Host, ConnectProtocol: "tcp", MaxConns: conns, MaxIdleConns: conns, MaxConnLifetime: time.Hour,
		}
	}
	return to(s.main), to(s.visibility), nil
}

// prepare writes the schema that the server's module carries, and the namespace.
func (s serverCmd) prepare(cfg *config.Config, logger log.Logger) error {
	main, visibility := cfg.Persistence.DataStores["main"].SQL, cfg.Persistence.DataStores["visibility"].SQL
	if s.db == "" {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return err
		}
		if err := sqliteschema.SetupSchema(main); err != nil {
			return err
		}
	} else {
		for _, d := range []struct {
			at            *config.SQL
			name, version string
		}{{main, "postgresql/v12/temporal", v12.Version}, {visibility, "postgresql/v12/visibility", v12.VisibilityVersion}} {
			conn, err := sql.NewConnection(d.at, logger)
			if err != nil {
				return err
			}
			err = schema.NewSetupSchemaTask(conn, &schema.SetupConfig{SchemaName: d.name, InitialVersion: d.version}, logger).Run()
			conn.Close()
			if err != nil {
				return err
			}
		}
	}
	ns, err := sqliteschema.NewNamespaceConfig(cfg.ClusterMetadata.CurrentClusterName, namespace, false, nil)
	if err != nil {
		return err
	}
	return sqliteschema.CreateNamespaces(main, ns)
}
