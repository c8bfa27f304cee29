-- revision: 3f9a0c1b7d52
-- revises: 90be11d4a6c3
-- message: add gross_amount to payroll.entries, kept equal to gross_pay
--
-- Expand: gross_pay is to be called gross_amount. From here until gross_pay is dropped the table
-- has both columns, and applications that know only the old name work beside those that know only
-- the new one.

-- migrate:up

-- Nullable and without a default: a change of the catalog only, whatever the size of the table.
alter table payroll.entries add column gross_amount numeric(12,2);

comment on column payroll.entries.gross_amount is
    'gross amount in currency, takes the place of gross_pay; null also where the backfill has not been yet';
comment on column payroll.entries.gross_pay is
    'gross amount in currency; on its way out: read and write gross_amount';

-- The rule. "Written" means that the value changed; an UPDATE that sets a column to what it
-- already is cannot be told from one that leaves it out.
--
--   INSERT                            both become gross_amount, or gross_pay where that is null
--   UPDATE, neither written           nothing (the backfill comes to this row in its own time)
--   UPDATE, gross_pay written         gross_amount follows, to null as well
--   UPDATE, gross_amount written      gross_pay follows, with one exception, see below
--   UPDATE, both written              as for INSERT: gross_amount wins unless it is null
--
-- That the new name wins is for the client that saves whole rows: the gross_pay that it sends
-- along may be stale, the gross_amount is what it means.
--
-- The exception: gross_amount goes from a value to null while status, tax and net_pay stay as they
-- are. gross_pay is then left alone. This is what the downgrade of the backfill does to every row,
-- and it must not cost anybody's pay; seen from inside a trigger there is nothing else to know it
-- by. A client that takes an amount back takes its tax and net pay, or the status, back with it
-- (in the same UPDATE), and for that client gross_pay follows to null. A bare null that came from
-- a client after all leaves a row in which the columns differ: nothing is lost, the totals of
-- verify see it, and the backfill would fill it again.
--
-- The backfill itself (gross_amount = gross_pay) passes: gross_pay follows to the value it has.
-- An application may write gross_amount from now on, but should read it, or write null to it, only
-- after the backfill: before, a null may mean "not filled yet".
create function payroll.sync_gross_amount() returns trigger
language plpgsql as $$
declare
    pay_written    boolean;
    amount_written boolean;
begin
    if tg_op = 'INSERT' then
        pay_written    := true;
        amount_written := true;
    else
        pay_written    := new.gross_pay    is distinct from old.gross_pay;
        amount_written := new.gross_amount is distinct from old.gross_amount;
    end if;

    if pay_written and amount_written then
        new.gross_amount := coalesce(new.gross_amount, new.gross_pay);
        new.gross_pay    := new.gross_amount;
    elsif pay_written then
        new.gross_amount := new.gross_pay;
    elsif amount_written
          and (new.gross_amount is not null
               or (new.status, new.tax, new.net_pay)
                  is distinct from (old.status, old.tax, old.net_pay)) then
        new.gross_pay := new.gross_amount;
    end if;

    return new;
end
$$;

-- Triggers of one kind fire in the order of their names: entries_sync_… comes before
-- entries_touch_updated_at, which therefore sees a gross_pay that followed gross_amount and takes
-- the row as changed. The backfill changes no gross_pay, and leaves updated_at as it is.
create trigger entries_sync_gross_amount
    before insert or update on payroll.entries
    for each row
    execute function payroll.sync_gross_amount();


-- migrate:down

drop trigger  entries_sync_gross_amount on payroll.entries;
drop function payroll.sync_gross_amount();

alter table payroll.entries drop column gross_amount;

comment on column payroll.entries.gross_pay is
    'gross amount in currency; null until it has been calculated; negative in a correction that takes back';


-- migrate:verify

-- the column has the type of the one that it replaces, and no default
select count(*) = 1
  from pg_attribute n
  join pg_attribute o on o.attrelid = n.attrelid and o.attname = 'gross_pay'
 where n.attrelid = 'payroll.entries'::regclass
   and n.attname = 'gross_amount'
   and (n.atttypid, n.atttypmod) = (o.atttypid, o.atttypmod)
   and not n.attnotnull
   and not n.atthasdef;

-- the sync trigger is on, and fires before the touch trigger
select count(*) = 1
  from pg_trigger s
  join pg_trigger t on t.tgrelid = s.tgrelid and t.tgname = 'entries_touch_updated_at'
 where s.tgrelid = 'payroll.entries'::regclass
   and s.tgname = 'entries_sync_gross_amount'
   and s.tgenabled = 'O'
   and s.tgname < t.tgname;
