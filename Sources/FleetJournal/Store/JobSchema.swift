internal import GRDB

/// The tables, and how they came to be. A migration that was shipped is never changed; a new one is added below it, and `version`
/// counts them.
enum JobSchema {
  static let version = 2
  /// `FLJB`: says that the file is ours (PRAGMA application_id).
  static let applicationID = 0x464C_4A42

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 jobs, events and requests") { db in
      // STRICT: what is read has the type that is read. AUTOINCREMENT: the name of a job that was dropped is not given again.
      try db.execute(
        sql: """
          CREATE TABLE job (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            fleet TEXT NOT NULL,
            fleet_file TEXT NOT NULL,
            created REAL NOT NULL,
            ordered_by TEXT NOT NULL,
            model TEXT,
            spec BLOB NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            changed REAL NOT NULL,
            progress TEXT NOT NULL DEFAULT '',
            report BLOB,
            reported REAL
          ) STRICT;
          CREATE INDEX job_of_fleet ON job (fleet_file, fleet);
          CREATE TABLE job_node (
            job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            node TEXT NOT NULL,
            PRIMARY KEY (job, node)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE event (
            job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            sequence INTEGER NOT NULL,
            time REAL NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (job, sequence)
          ) STRICT;
          CREATE TRIGGER event_is_final BEFORE UPDATE ON event
            BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
          CREATE TABLE request (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            kind TEXT NOT NULL,
            ordered_by TEXT NOT NULL,
            note TEXT NOT NULL,
            time REAL NOT NULL,
            acknowledged REAL,
            is_settled INTEGER NOT NULL DEFAULT 0
          ) STRICT;
          CREATE INDEX request_of_job ON request (job);
          PRAGMA user_version = 1;
          """
      )
    }
    migrator.registerMigration("2 alerts") { db in
      try db.execute(
        sql: """
          CREATE TABLE alert (
            fleet_file TEXT NOT NULL,
            fleet TEXT NOT NULL,
            number INTEGER NOT NULL,
            is_open INTEGER NOT NULL,
            changed REAL NOT NULL,
            revision INTEGER NOT NULL,
            told INTEGER NOT NULL DEFAULT 0,
            body BLOB NOT NULL,
            PRIMARY KEY (fleet_file, fleet, number)
          ) STRICT;
          CREATE TABLE alert_number (
            fleet_file TEXT NOT NULL,
            fleet TEXT NOT NULL,
            next INTEGER NOT NULL,
            PRIMARY KEY (fleet_file, fleet)
          ) STRICT, WITHOUT ROWID;
          PRAGMA user_version = 2;
          """
      )
    }
    return migrator
  }
}
