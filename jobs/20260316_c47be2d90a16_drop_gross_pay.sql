-- revision: c47be2d90a16
-- revises: 5c1d7e88a0f4
-- message: drop gross_pay, gross_amount has taken its place
--
-- Contract: to be applied when no application reads or writes gross_pay any more.

-- migrate:up

-- The view first: whoever reads it locks it before the table, and so does this. Its columns keep
-- their names and types, so that its readers notice nothing.
create or replace view payroll.period_totals as
select e.period_id,
       p.code                                        as period,
       e.currency,
       count(*)                                      as entries,
       count(*) filter (where e.gross_amount is null) as entries_without_amount,
       sum(e.gross_amount)                           as total_gross,
       sum(e.tax)                                    as total_tax,
       sum(e.net_pay)                                as total_net
  from payroll.entries e
  join payroll.periods p on p.id = e.period_id
 where e.status <> 'cancelled'
 group by e.period_id, p.code, e.currency;

drop trigger  entries_sync_gross_amount on payroll.entries;
drop function payroll.sync_gross_amount();

-- updated_at now follows gross_amount
drop trigger entries_touch_updated_at on payroll.entries;

create trigger entries_touch_updated_at
    before update on payroll.entries
    for each row
    when ((old.employee_id, old.period_id, old.run_id, old.currency, old.pay_kind, old.status,
           old.gross_amount, old.tax, old.net_pay, old.cost_center, old.note)
          is distinct from
          (new.employee_id, new.period_id, new.run_id, new.currency, new.pay_kind, new.status,
           new.gross_amount, new.tax, new.net_pay, new.cost_center, new.note))
    execute function payroll.touch_updated_at();

-- Without CASCADE: a view or trigger of somebody else's that still names the column stops
-- this. Nothing is rewritten; the space comes back as the rows are updated.
alter table payroll.entries drop column gross_pay;

comment on column payroll.entries.gross_amount is
    'gross amount in currency; null until it has been calculated; negative in a correction that takes back';
comment on column payroll.entries.tax is
    'all that is withheld: net_pay = gross_amount - tax';


-- migrate:down

-- The amounts come back through a rewrite of the table, not an UPDATE: several times faster, no
-- dead rows, and no trigger fires. It holds an exclusive lock throughout, and reads and writes wait.
-- Where the table is too large for that, go forward instead: add gross_pay in a revision of its
-- own, with a backfill, as gross_amount was added.
--
-- The column stands at the end of the row now; everything else is as it was.
alter table payroll.entries add column gross_pay numeric(12,2);
alter table payroll.entries alter column gross_pay type numeric(12,2) using gross_amount;

comment on column payroll.entries.gross_amount is
    'gross amount in currency, takes the place of gross_pay; null also where the backfill has not been yet';
comment on column payroll.entries.gross_pay is
    'gross amount in currency; on its way out: read and write gross_amount';
comment on column payroll.entries.tax is
    'all that is withheld: net_pay = gross_pay - tax';

drop trigger entries_touch_updated_at on payroll.entries;

create trigger entries_touch_updated_at
    before update on payroll.entries
    for each row
    when ((old.employee_id, old.period_id, old.run_id, old.currency, old.pay_kind, old.status,
           old.gross_pay, old.tax, old.net_pay, old.cost_center, old.note)
          is distinct from
          (new.employee_id, new.period_id, new.run_id, new.currency, new.pay_kind, new.status,
           new.gross_pay, new.tax, new.net_pay, new.cost_center, new.note))
    execute function payroll.touch_updated_at();

-- as in 3f9a0c1b7d52, where the rule is written down
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

create trigger entries_sync_gross_amount
    before insert or update on payroll.entries
    for each row
    execute function payroll.sync_gross_amount();

create or replace view payroll.period_totals as
select e.period_id,
       p.code                                     as period,
       e.currency,
       count(*)                                   as entries,
       count(*) filter (where e.gross_pay is null) as entries_without_amount,
       sum(e.gross_pay)                           as total_gross,
       sum(e.tax)                                 as total_tax,
       sum(e.net_pay)                             as total_net
  from payroll.entries e
  join payroll.periods p on p.id = e.period_id
 where e.status <> 'cancelled'
 group by e.period_id, p.code, e.currency;


-- migrate:verify

-- the old name has gone, the new one is there
select array_agg(attname::text order by attname) = array['gross_amount']
  from pg_attribute
 where attrelid = 'payroll.entries'::regclass
   and attname in ('gross_pay', 'gross_amount')
   and not attisdropped;

-- so have the sync trigger and its function
select not exists (
    select from pg_trigger
     where tgrelid = 'payroll.entries'::regclass
       and tgname = 'entries_sync_gross_amount');

select to_regproc('payroll.sync_gross_amount') is null;

-- the view shows its readers the columns that it always had
select array_agg(attname::text order by attnum)
       = array['period_id', 'period', 'currency', 'entries', 'entries_without_amount',
               'total_gross', 'total_tax', 'total_net']
  from pg_attribute
 where attrelid = 'payroll.period_totals'::regclass
   and attnum > 0;
