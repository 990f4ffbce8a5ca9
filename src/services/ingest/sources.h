// Every source that runs in the server and from the command line; one function a source.
#pragma once

#include "services/ingest/source.h"

namespace tenon::ingest {

SourceKind Youtube8mSource();   // youtube8m.cc
SourceKind DbtSource();         // dbt.cc
SourceKind CustomHttpSource();  // custom_http.cc
SourceKind PostgresSource();    // postgres.cc

}  // namespace tenon::ingest
