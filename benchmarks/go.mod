module github.com/tabi-go/tabi/benchmarks

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/tabi-go/tabi v0.0.0
	github.com/tabi-go/tabi/storage/pgstore v0.0.0
	github.com/tabi-go/tabi/storage/sqlitestore v0.0.0
	gonum.org/v1/gonum v0.16.0
	gopkg.in/segmentio/analytics-go.v3 v3.1.0
)

require (
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.0.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/segmentio/backo-go v1.1.0 // indirect
	github.com/xtgo/uuid v0.0.0-20140804021211-a0b114877d4c // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	golang.org/x/tools v0.50.0 // indirect
	modernc.org/libc v1.77.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
	modernc.org/sqlite v1.60.1 // indirect
)

replace github.com/tabi-go/tabi => ../

replace github.com/tabi-go/tabi/storage/pgstore => ../storage/pgstore

replace github.com/tabi-go/tabi/storage/sqlitestore => ../storage/sqlitestore
