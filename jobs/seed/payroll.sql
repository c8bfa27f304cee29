-- Data for the payroll example, made inside the database:
--
--     CALL demo.generate_payroll(seed => 42, entries => 1000000);
--
-- For the tables as revision 90be11d4a6c3 leaves them (gross_pay only), and empty. The same seed
-- and number give the same rows to the byte, on every server: each value is computed in integers
-- from a hash of the row's number and the seed, each timestamp from the pay period's dates, none
-- from random(), now() or the session's time zone.
--
-- What comes out of it:
--   - 60 monthly periods, 2021-01 to 2025-12, a regular and a supplementary run in each; a staff
--     that grows, and everybody paid in each month of employment; bonuses in December;
--   - salaries skewed to the right, in EUR, CHF, GBP, PLN and CZK; net_pay = gross_pay - tax;
--   - about 3 % drafts without amounts, some cancelled entries, corrections with negative amounts;
--   - notes on some entries, a few of them long;
--   - ids with holes: single ones, and ranges of up to some thousand.
--
-- It runs in one transaction without temporary files; each period is one INSERT. Triggers and
-- foreign-key checks are off meanwhile where the caller may switch them off (every row refers to
-- rows that exist, by the way it is made); elsewhere it only takes longer. The tables are analyzed
-- at the end; VACUUM, which no procedure can do, is left to the caller.
--
-- The schema demo holds nothing but these routines: DROP SCHEMA demo CASCADE leaves the data alone.

create schema if not exists demo;

-- 63 bits that depend on a number, the seed, and a label for what they are drawn for.
create or replace function demo.bits(n bigint, seed bigint, salt integer) returns bigint
language sql immutable parallel safe as $$
    select hashint8extended(n, seed * 64 + salt) & 9223372036854775807
$$;

-- 0 Germany, 1 Austria, 2 Switzerland, 3 United Kingdom, 4 Poland, 5 Czechia
create or replace function demo.country_of(employee bigint, seed bigint) returns integer
language sql immutable parallel safe as $$
    select (array[0,0,0,0,0,0,0,0,0, 1,1, 2,2,2, 3,3, 4,4, 5,5])
           [1 + (demo.bits(employee, seed, 1) % 20)::integer]
$$;

-- The departments are a tree of 1 + 6 * per_country nodes: 1 the root, 2 to 7 the countries, each
-- further one below a department of its own country.
create or replace function demo.department_of(employee bigint, seed bigint, per_country integer)
returns integer
language sql immutable parallel safe as $$
    select 2 + demo.country_of(employee, seed)
             + 6 * (demo.bits(employee, seed, 2) % per_country)::integer
$$;

-- The id of the nth entry. Sixteen entries take seventeen ids: a single hole somewhere. Blocks of
-- 512 entries (544 ids) stand at a random place in 576; 64 such blocks in 40960.
create or replace function demo.entry_id(n bigint, seed bigint) returns bigint
language sql immutable parallel safe as $$
    select 1
         + (n / 32768) * 40960
         + case when n < 32768 then 0 else demo.bits(n / 32768, seed, 3) % 4096 end
         + (n % 32768 / 512) * 576
         + case when n < 512 then 0 else demo.bits(n / 512, seed, 4) % 32 end
         + (n % 512 / 16) * 17
         + n % 16
         + case when n % 16 >= demo.bits(n / 16, seed, 5) % 17 then 1 else 0 end
$$;

-- Which entries fall into month m (0 to 59), counted from 0: first_n up to, not including, next_n;
-- and how many people are on the payroll by then. A month has a share of 700 + 5 m of the entries,
-- and of these 102 for every 100 people, in December 190: the rest are bonuses and corrections.
create or replace function demo.calendar(entries bigint)
returns table (m integer, first_n bigint, next_n bigint, headcount bigint)
language sql immutable as $$
    with months as (
        select m, percent, (700 + 5 * m) * percent as weight
          from generate_series(0, 59) as m,
               lateral (select case m % 12 when 11 then 190 else 102 end) as p (percent)
    ), shares as (
        select m, percent,
               entries * (sum(weight) over (order by m) - weight)::bigint / (sum(weight) over ())::bigint as first_n,
               entries * (sum(weight) over (order by m))::bigint / (sum(weight) over ())::bigint as next_n
          from months
    )
    select m, first_n, next_n,
           greatest(1, max((next_n - first_n) * 100 / percent) over (order by m))
      from shares
     order by m
$$;

create or replace procedure demo.generate_payroll(seed bigint default 42, entries bigint default 1000000)
language plpgsql as $procedure$
declare
    first_month constant date    := '2021-01-01';
    months      constant integer := 60;

    -- Monthly pay in cents of a euro, at 65 even steps of probability: log-normal, median 3400.00,
    -- sigma 0.45. A table, because exp() may differ in the last digit between machines.
    pay_steps constant bigint[] := array[
         86700, 129000, 147000, 159900, 170500, 179600, 187900, 195500, 202600, 209400, 215800,
        222000, 228100, 234000, 239700, 245400, 251000, 256500, 262000, 267400, 272900, 278300,
        283700, 289100, 294600, 300100, 305600, 311100, 316800, 322500, 328200, 334100, 340000,
        346000, 352200, 358500, 364900, 371500, 378300, 385300, 392400, 399800, 407500, 415400,
        423600, 432200, 441200, 450600, 460600, 471100, 482200, 494100, 506800, 520600, 535600,
        552200, 570600, 591300, 615300, 643500, 678100, 722800, 786200, 896200, 1406800];

    -- by country, as in demo.country_of; what 100 euros' worth of work is paid there
    countries  constant text[]   := array['DE', 'AT', 'CH', 'GB', 'PL', 'CZ'];
    currencies constant text[]   := array['EUR', 'EUR', 'CHF', 'GBP', 'PLN', 'CZK'];
    pay_levels constant bigint[] := array[100, 96, 165, 88, 260, 1450];

    staff         integer;      -- employees on the payroll at some time; ids 1 to staff
    former        integer;      -- those who left before the first period; the ids after these
    per_country   integer;      -- departments
    period        record;
    old_role      text   := current_setting('session_replication_role');
begin
    if seed is null or entries is null or entries < 0 or entries > 10000000000
       or seed not between -1000000000 and 1000000000 then
        raise exception 'seed must be within +-1000000000 and entries within 0 .. 10000000000'
            using errcode = 'invalid_parameter_value';
    end if;

    if exists (select from pg_attribute
                where attrelid = 'payroll.entries'::regclass
                  and attname = 'gross_amount'
                  and not attisdropped) then
        raise exception 'payroll.entries already has gross_amount'
            using hint = 'generate the data at revision 90be11d4a6c3, then upgrade';
    end if;

    if exists (select from payroll.entries) or exists (select from payroll.periods)
       or exists (select from hr.employees) or exists (select from hr.departments)
       or exists (select from config.lookup_types) or exists (select from security.users)
       or exists (select from security.roles) then
        raise exception 'the payroll tables already hold data'
            using hint = 'downgrade to base and upgrade again, or use an empty database';
    end if;

    begin
        perform set_config('session_replication_role', 'replica', true);
    exception when insufficient_privilege then
        raise notice 'no right to set session_replication_role: foreign keys are checked row by row';
    end;


    -- config

    insert into config.lookup_types (id, code, name, description)
    values (1, 'employment_type', 'Employment type', 'contract under which somebody works'),
           (2, 'country',         'Country',         'where a department is'),
           (3, 'currency',        'Currency',        'what is paid in'),
           (4, 'pay_kind',        'Kind of pay',     'as in payroll.entries.pay_kind'),
           (5, 'entry_status',    'Entry status',    'as in payroll.entries.status');

    insert into config.lookup_values (id, type_id, code, name, sort_order)
    values ( 1, 1, 'permanent',  'Permanent',      1),
           ( 2, 1, 'fixed_term', 'Fixed term',     2),
           ( 3, 1, 'part_time',  'Part time',      3),
           ( 4, 1, 'trainee',    'Trainee',        4),
           ( 5, 2, 'DE',         'Germany',        1),
           ( 6, 2, 'AT',         'Austria',        2),
           ( 7, 2, 'CH',         'Switzerland',    3),
           ( 8, 2, 'GB',         'United Kingdom', 4),
           ( 9, 2, 'PL',         'Poland',         5),
           (10, 2, 'CZ',         'Czechia',        6),
           (11, 3, 'EUR',        'Euro',           1),
           (12, 3, 'CHF',        'Swiss franc',    2),
           (13, 3, 'GBP',        'Pound sterling', 3),
           (14, 3, 'PLN',        'Zloty',          4),
           (15, 3, 'CZK',        'Czech koruna',   5),
           (16, 4, 'regular',    'Regular pay',    1),
           (17, 4, 'bonus',      'Bonus',          2),
           (18, 4, 'correction', 'Correction',     3),
           (19, 5, 'draft',      'Draft',          1),
           (20, 5, 'calculated', 'Calculated',     2),
           (21, 5, 'approved',   'Approved',       3),
           (22, 5, 'paid',       'Paid',           4),
           (23, 5, 'cancelled',  'Cancelled',      5);


    -- payroll: periods and runs

    insert into payroll.periods (id, code, starts_on, ends_on, pay_date, status)
    select m + 1,
           to_char(month, 'YYYY-MM'),
           month,
           month_end,
           month_end - 2,
           case when m = months - 1 then 'open' else 'closed' end
      from generate_series(0, months - 1) as m,
           lateral (select (first_month + make_interval(months => m))::date,
                           (first_month + make_interval(months => m + 1))::date - 1)
                   as span (month, month_end);

    -- runs 2 m + 1 (regular) and 2 m + 2 (supplementary); the last supplementary run is still going on
    insert into payroll.runs (id, period_id, kind, status, started_at, finished_at)
    select id, period_id, kind,
           case when unfinished then 'running' else 'done' end,
           started_at,
           case when not unfinished
                then started_at + make_interval(mins => 20 + (demo.bits(id, seed, 6) % 70)::integer) end
      from (select 2 * (p.id - 1) + k                              as id,
                   p.id                                            as period_id,
                   kind,
                   p.status = 'open' and kind = 'supplementary'    as unfinished,
                   (p.ends_on - 9 + 2 * k)::timestamp at time zone 'UTC' + interval '6 hours' as started_at
              from payroll.periods p
             cross join (values (1, 'regular'), (2, 'supplementary')) as kinds (k, kind)) as r
     order by id;


    -- hr

    select headcount into staff from demo.calendar(entries) where m = months - 1;
    former      := (staff + 11) / 12;
    per_country := least(60, greatest(2, staff / 250));

    insert into hr.departments (id, parent_id, code, name, country, currency, cost_center, is_active)
    select d,
           case when d = 1 then null
                when d <= 7 then 1
                when d <= 43 then 2 + (d - 8) % 6
                else 8 + (d - 44) % 36 end,
           case when d = 1 then 'HQ' else countries[c] || '-' || lpad(((d - 2) / 6)::text, 3, '0') end,
           case when d = 1 then 'Head office'
                when d <= 7 then 'Country office ' || countries[c]
                else (array['Production', 'Logistics', 'Sales', 'Finance', 'Engineering', 'Care',
                            'Purchasing', 'Service', 'Quality', 'IT'])[1 + ((d - 8) / 6) % 10]
                     || ' ' || countries[c] || ' ' || 1 + (d - 8) / 60 end,
           countries[c],
           currencies[c],
           'CC-' || 1000 + d,
           true
      from generate_series(1, 1 + 6 * per_country) as d,
           lateral (select case when d = 1 then 1 else 1 + (d - 2) % 6 end) as x (c);

    -- Employee k is hired in the first month whose headcount reaches k; who is on the payroll from
    -- the start was hired in the years before. Some leave as the last period ends.
    insert into hr.employees (id, employee_no, first_name, last_name, email, birth_date, department_id,
                              manager_id, employment_type_id, status, hire_date, leave_date, created_at)
    select k,
           'E' || lpad(k::text, 8, '0'),
           (array['Anna', 'Ben', 'Carla', 'David', 'Eva', 'Felix', 'Greta', 'Hugo', 'Ines', 'Jakub',
                  'Klára', 'Luca', 'Marta', 'Nora', 'Oskar', 'Petra', 'Quentin', 'Ruth', 'Štěpán',
                  'Tereza', 'Uwe', 'Věra', 'Wanda', 'Zoë'])[1 + demo.bits(k, seed, 7) % 24],
           (array['Adler', 'Berger', 'Černý', 'Dvořák', 'Ebner', 'Fischer', 'Gruber', 'Huber', 'Iten',
                  'Jansen', 'Kowalski', 'Lang', 'Müller', 'Novák', 'Ott', 'Pospíšil', 'Richter',
                  'Schneider', 'Taylor', 'Ullmann', 'Vogel', 'Wiśniewski', 'Young', 'Zeller'])
               [1 + demo.bits(k, seed, 8) % 24],
           'e' || lpad(k::text, 8, '0') || '@example.com',
           hire_date - (18 * 366 + demo.bits(k, seed, 10) % (37 * 365))::integer,
           demo.department_of(k, seed, per_country),
           case when k = 1     then null
                when k > staff then 1
                else (k - 2) / 8 + 1 end,
           (array[1,1,1,1,1,1,2,2,3,3,3,4])[1 + demo.bits(k, seed, 11) % 12],
           case when leave_date is not null            then 'left'
                when demo.bits(k, seed, 12) % 100 < 3 then 'on_leave'
                else 'active' end,
           hire_date,
           leave_date,
           (hire_date - 10)::timestamp at time zone 'UTC' + interval '9 hours'
      from (select generate_series(headcount_before + 1, headcount)::integer as k,
                   m                                                        as hired_in
              from (select m, headcount, lag(headcount, 1, 0::bigint) over (order by m) as headcount_before
                      from demo.calendar(entries)) as c
            union all
            select generate_series(staff + 1, staff + former), -1) as e,
           lateral (select case when hired_in > 0
                                then (first_month + make_interval(months => hired_in))::date
                                when hired_in = 0
                                then first_month - (demo.bits(k, seed, 9) % 5000)::integer
                                else first_month - (1500 + demo.bits(k, seed, 9) % 4000)::integer end,
                           case when hired_in = -1
                                then first_month - (1 + demo.bits(k, seed, 13) % 700)::integer
                                when demo.bits(k, seed, 13) % 100 = 0
                                then (first_month + make_interval(months => months))::date - 1 end)
                   as dates (hire_date, leave_date);


    -- security: people who sign in (one in twenty), and two programs

    insert into security.roles (id, code, description)
    values (1, 'admin',           'users, roles and code lists'),
           (2, 'hr',              'departments and employees'),
           (3, 'payroll_clerk',   'enters and corrects pay entries'),
           (4, 'payroll_manager', 'approves runs'),
           (5, 'auditor',         'reads everything, changes nothing'),
           (6, 'program',         'accounts of programs');

    insert into security.users (id, username, employee_id, is_active, created_at, last_login_at)
    select u,
           case u when 1 then 'timesheet-import' when 2 then 'bank-export'
                  else 'e' || lpad((u - 2)::text, 8, '0') end,
           case when u > 2 then u - 2 end,
           true,
           timestamptz '2021-01-01 08:00:00+00' + make_interval(mins => u),
           case when u % 9 <> 0
                then timestamptz '2025-12-01 08:00:00+00'
                     + make_interval(secs => demo.bits(u, seed, 14) % 2000000) end
      from generate_series(1, 3 + staff / 20) as u;

    insert into security.user_roles (user_id, role_id, granted_at)
    select u.id,
           case when u.id <= 2 then 6
                when u.id = 3 then 1
                else (array[2,2,3,3,3,3,3,4,5,1])[1 + demo.bits(u.id, seed, 15) % 10] end,
           u.created_at
      from security.users u;


    -- payroll: the entries, period by period, in the order in which the runs would have made them:
    -- first everybody's regular pay, then bonuses and corrections. Every OFFSET 0 keeps the planner
    -- from merging the levels, which would compute their expressions many times over.

    for period in
        select c.m, c.first_n, c.next_n, c.headcount, p.id, p.code, p.status,
               (p.ends_on - 7)::timestamp at time zone 'UTC' + interval '6 hours' as regular_at,
               (p.ends_on - 5)::timestamp at time zone 'UTC' + interval '6 hours' as supplementary_at
          from demo.calendar(entries) c
          join payroll.periods p on p.id = c.m + 1
         where c.next_n > c.first_n
         order by c.m
    loop
        insert into payroll.entries (id, created_at, updated_at, employee_id, period_id, run_id, currency,
                                     pay_kind, status, gross_pay, tax, net_pay, cost_center, note)
        select demo.entry_id(n, seed),
               created_at,
               case when status in ('paid', 'approved', 'cancelled')
                    then created_at + make_interval(secs => 60 + dice / 1000 % 172800)
                    else created_at end,
               employee,
               period.id,
               2 * period.m + case pay_kind when 'regular' then 1 else 2 end,
               currencies[1 + country],
               pay_kind,
               status,
               gross * 0.01,
               tax * 0.01,
               (gross - tax) * 0.01,
               'CC-' || 1000 + demo.department_of(employee, seed, per_country),
               case when dice % 1000 < 4
                    then repeat('Checked with the department; the figures of ' || period.code
                                || ' stand as entered (case ' || dice % 100000 || '). ',
                                (4 + dice % 37)::integer)
                    when pay_kind = 'correction'  then 'corrects ' || period.code
                    when status = 'draft'         then 'time sheet missing'
                    when status = 'cancelled'     then 'entered twice'
                    when dice % 1000 < 140        then 'overtime ' || dice / 1000 % 40 || '.5 h' end
          from (select *, gross * (least(4200, 1400 + base / 400) + dice / 7 % 200) / 10000 as tax
                  from (select *,
                               case when status = 'draft' then null
                                    else base * (1000 + 25 * (period.m / 12)) / 1000
                                         * pay_levels[1 + country] / 100
                                         * share / 10000 end as gross
                          from (select n, employee, pay_kind, dice, country, created_at,
                                       pay_steps[1 + rank / 1024]
                                       + (pay_steps[2 + rank / 1024] - pay_steps[1 + rank / 1024])
                                         * (rank % 1024) / 1024 as base,
                                       -- of the monthly pay, in hundredths of a percent
                                       case pay_kind
                                           when 'regular' then case when rank % 5 < 3 then 10000
                                                                    else 9700 + chance % 601 end
                                           when 'bonus'   then 2500 + chance % 7501
                                           else chance % 4001 - 2000 end as share,
                                       case when chance % 1000 < 30 then 'draft'
                                            when chance % 1000 < 35 then 'cancelled'
                                            when period.status = 'closed' then 'paid'
                                            when pay_kind = 'regular' and chance % 10 < 7 then 'approved'
                                            else 'calculated' end as status
                                  from (select n, employee, dice, chance / 4096 as chance,
                                               demo.country_of(employee, seed)  as country,
                                               demo.bits(employee, seed, 22) % 65536 as rank,
                                               case when regular then 'regular'
                                                    when dice % 20 < case period.m % 12 when 11 then 19 else 8 end
                                                    then 'bonus'
                                                    else 'correction' end as pay_kind,
                                               case when regular then period.regular_at
                                                    else period.supplementary_at end
                                                   + make_interval(secs => place * 0.001) as created_at
                                          from (select n, place, dice, chance,
                                                       place < period.headcount as regular,
                                                       1 + case when place < period.headcount then place
                                                                when period.m % 12 = 11 then place % period.headcount
                                                                else dice / 100 % period.headcount end as employee
                                                  from (select n,
                                                               n - period.first_n     as place,
                                                               demo.bits(n, seed, 20) as dice,
                                                               demo.bits(n, seed, 21) as chance
                                                          from (select generate_series(period.first_n,
                                                                                       period.next_n - 1) as n)
                                                               as numbers
                                                        offset 0) as drawn
                                                offset 0) as person
                                        offset 0) as facts
                                offset 0) as pay
                        offset 0) as grossed
                offset 0) as taxed;

        if period.next_n - period.first_n >= 100000 then
            raise notice '%: % entries', period.code, period.next_n - period.first_n;
        end if;
    end loop;


    -- the identities go on after the highest id

    perform setval(pg_get_serial_sequence('config.lookup_types',  'id'), max(id)) from config.lookup_types;
    perform setval(pg_get_serial_sequence('config.lookup_values', 'id'), max(id)) from config.lookup_values;
    perform setval(pg_get_serial_sequence('hr.departments',       'id'), max(id)) from hr.departments;
    perform setval(pg_get_serial_sequence('hr.employees',         'id'), max(id)) from hr.employees;
    perform setval(pg_get_serial_sequence('payroll.periods',      'id'), max(id)) from payroll.periods;
    perform setval(pg_get_serial_sequence('payroll.runs',         'id'), max(id)) from payroll.runs;
    perform setval(pg_get_serial_sequence('security.users',       'id'), max(id)) from security.users;
    perform setval(pg_get_serial_sequence('security.roles',       'id'), max(id)) from security.roles;
    perform setval(pg_get_serial_sequence('payroll.entries',      'id'), max(id))
       from payroll.entries having max(id) is not null;

    if current_setting('session_replication_role') <> old_role then
        perform set_config('session_replication_role', old_role, true);
    end if;

    analyze config.lookup_types, config.lookup_values, hr.departments, hr.employees,
            payroll.periods, payroll.runs, payroll.entries,
            security.users, security.roles, security.user_roles;
end
$procedure$;
