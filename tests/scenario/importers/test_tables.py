"""Oracle: small tables written by hand; the faults are those of real spreadsheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from silla.base.errors import DataFileError
from silla.scenario import load
from silla.scenario.importers import read_fibres, read_sites, read_users
from silla.scenario.infrastructure import Fibre

MYEONGDONG = Path(__file__).parents[3].parent / "shared" / "data" / "myeongdong"


@pytest.fixture
def table(tmp_path):
    def write(text: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


def refuse(reader, path) -> str:
    with pytest.raises(DataFileError) as caught:
        reader(path)
    return str(caught.value)


def test_rows_of_one_site_are_its_cells(table):
    path = table(
        "site,lat,lon,height_m,azimuth_deg,downtilt_deg,carrier,tx_power_dbm,name\n"
        "a,35.8,129.2,30,0,8,fr3,46,호텔\na,35.8,129.2,30,120,8,fr3,,호텔\nb,35.81,129.21,,,,,,\n"
    )
    sites = read_sites(path).sites()
    assert [(s.id, s.name, s.lat, s.lon, s.x_m, s.height_m) for s in sites] == [
        ("a", "호텔", 35.8, 129.2, None, 30.0),
        ("b", "", 35.81, 129.21, None, 25.0),  # 25 m is the scenario's default
    ]
    assert [(c.azimuth_deg, c.downtilt_deg, c.carrier, c.tx_power_dbm, c.line) for c in sites[0].rows] == [
        (0.0, 8.0, "fr3", 46.0, 2),
        (120.0, 8.0, "fr3", None, 3),
    ]
    assert sites[1].rows[0].carrier is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_comments_blank_lines_and_mark(table, separator):
    text = "# from a survey\nSite,X_m,Y_m\n\na,1,-2\r\nb,3,4\n".replace(",", separator)
    found = read_sites(table(b"\xef\xbb\xbf" + text.encode()))
    assert found.site == ["a", "b"]
    np.testing.assert_array_equal(found.x_m, [1, 3])
    np.testing.assert_array_equal(found.y_m, [-2, 4])
    assert found.line == [4, 5]


def test_korean_in_cp949_is_read_and_said(table):
    found = read_sites(table("site,x_m,y_m,name\na,0,0,경주역\n".encode("cp949")))
    assert (found.name, found.encoding) == (["경주역"], "cp949")


def test_quoted_fields_with_line_breaks_keep_line_numbers(table):
    path = table('site,x_m,y_m,name\na,0,0,"two\nlines"\nb,zero,0,x\n')
    assert "t.csv:4: column 'x_m': 'zero' is not a number" in refuse(read_sites, path)


def test_degrees_are_kept_where_both_positions_are_given(table):
    found = read_sites(table("site,lat,lon,x_m,y_m,note\na,35.8,129.2,5,6,n\n"))
    assert found.x_m is None
    assert found.ignored_columns == ("note", "x_m", "y_m")


SITE_FAULTS = [
    ("", "the file is empty"),
    ("\n\n", "the file is empty"),
    ("site,x_m,y_m\n", "column names but no rows"),
    ("sites,x_m,y_m\na,0,0\n", "column 'sites' is not known; did you mean 'site'?"),
    ("name,x_m,y_m\na,0,0\n", "column 'site' is missing"),
    ("site,lat\na,35\n", "column 'lon' is missing beside 'lat'"),
    ("site,height_m\na,35\n", "no position"),
    ("site,x_m,y_m,height\na,0,0,3\n", "column 'height' is not known; did you mean 'height_m'?"),
    ("site,x_m,y_m,azimut_deg\na,0,0,3\n", "did you mean 'azimuth_deg'?"),
    ("site,x_m,x_m,y_m\na,0,0,0\n", "the column 'x_m' is there twice"),
    ("site,x_m,y_m\na,0\n", "t.csv:2: 2 fields, but the first line names 3 columns"),
    ("site,x_m,y_m\na,0,0\nb,1,nan\n", "t.csv:3: column 'y_m': 'nan' is not a usable number"),
    ("site,x_m,y_m\na,inf,0\n", "t.csv:2: column 'x_m': 'inf' is not a usable number"),
    ("site,x_m,y_m\na,,0\n", "t.csv:2: column 'x_m': is empty"),
    ("site;x_m;y_m\na;1,5;0\n", "'1,5' is not a number; write the decimal with a point"),
    ("site,x_m,y_m\n,0,0\n", "t.csv:2: column 'site': is empty"),
    ("site,lat,lon\na,129.2,35.8\n", "column 'lat': 129.2 is not allowed; are lat and lon swapped?"),
    ("site,x_m,y_m,height_m\na,0,0,-25\n", "column 'height_m': -25 is not allowed; did you mean 25?"),
    ("site,x_m,y_m,height_m\na,0,0,25000\n", "did you mean mm? 25000 mm is 25 m"),
    ("site,x_m,y_m,tx_power_dbm\na,0,0,400\n", "did you mean W?"),
    ("site,x_m,y_m\na,0,0\na,1,0\n", "site 'a' is at 1 here and at 0 on line 2"),
    ("site,x_m,y_m,azimuth_deg\na,0,0,-5\na,0,0,355\n", "the same carrier and direction on line 2"),
    ("site,x_m,y_m\na,0,0\na,0,0\n", "the same carrier and direction on line 2"),
    ('site,x_m,y_m\n"a,0,0\n', "this is not CSV"),
]


@pytest.mark.parametrize(("text", "words"), SITE_FAULTS)
def test_faults_of_sites(table, text, words):
    message = refuse(read_sites, table(text))
    assert message.startswith("t.csv")
    assert words in message


def test_what_is_not_text(table):
    assert "zip" in refuse(read_sites, table(b"PK\x03\x04\x00"))
    assert "not UTF-8" in refuse(read_sites, table(b"site,x_m,y_m\nb\xe9b\xff,0,0\n"))


def test_missing_files_name_what_is_near(table, tmp_path):
    table("x", "sites.csv")
    assert "no such file; did you mean 'sites.csv'?" in refuse(read_sites, tmp_path / "site.csv")
    assert "does not exist" in refuse(read_sites, tmp_path / "no" / "sites.csv")
    assert "this is a folder" in refuse(read_sites, tmp_path)


def test_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    assert "1,000 MB is too large" in refuse(read_sites, path)


def test_users(table):
    found = read_users(table("user,lat,lon,indoor,traffic_mbps\nx,35.8,129.2,yes,5\ny,35.8,129.3,,\n"))
    assert found.id == ["x", "y"]
    assert found.indoor.tolist() == [True, False]
    assert found.height_m.tolist() == [1.5, 1.5]
    assert found.downlink_mbps[0] == 5
    assert np.isnan(found.downlink_mbps[1])
    assert read_users(table("x_m,y_m\n0,1\n2,3\n")).id == ["u0", "u1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,x_m,y_m\na,0,0\na,1,1\n", "t.csv:3: column 'id': 'a' is already on line 2"),
        ("id,x_m,y_m,indoor\na,0,0,maybe\n", "'maybe' is neither true nor false"),
        ("id\na\n", "column 'lat' or 'x_m' is missing"),
        ("x_m,y_m,speed_kmh\n0,0,-3\n", "column 'speed_kmh': -3 is not allowed"),
    ],
)
def test_faults_of_users(table, text, words):
    assert words in refuse(read_users, table(text))


def test_fibres(table):
    found = read_fibres(table("id,from,to,length_km,attenuation_db_per_km\nf,a,b,31,0.2\ng,a,c,5,\n"))
    assert (found.end_a, found.end_b) == (["a", "a"], ["b", "c"])
    assert found.length_km.tolist() == [31, 5]
    assert np.isnan(found.attenuation_db_per_km[1])


def test_rows_become_fibres_with_what_they_give(table):
    head = "id,end_a,end_b,length_km,attenuation_db_per_km,extra_loss_db,type,name\n"
    first, second = read_fibres(table(head + "f,a,b,31,0.2,1.5,g654e,포항\ng,a,c,5,,,,\n")).fibres()
    assert (first.ends, first.attenuation_db_per_km, first.extra_loss_db) == (("a", "b"), 0.2, 1.5)
    assert (first.type, first.name) == ("g654e", "포항")
    assert second == Fibre(id="g", ends=("a", "c"), length_km=5.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,end_a,end_b,length_km\nf,a,a,3\n", "both ends are 'a'"),
        ("id,end_a,end_b,length_km\nf,a,,3\n", "column 'end_b': is empty"),
        ("id,end_a,end_b,length_km\nf,a,b,0\n", "0 is not allowed; allowed: above 0, at most 2000 km"),
        ("id,end_a,end_b,length_km\nf,a,b,31000\n", "did you mean m? 31000 m is 31 km"),
        ("id,end_a,end_b,length_km,attenuation_db_per_km\nf,a,b,3,0.0002\n", "did you mean dB/m?"),
        ("id,end_a,length_km\nf,a,3\n", "column 'end_b' is missing"),
        ("id,end_a,end_b,length\nf,a,b,3\n", "did you mean 'length_km'?"),
    ],
)
def test_faults_of_fibres(table, text, words):
    assert words in refuse(read_fibres, table(text))


SCENARIO = """silla: 1
name: files
origin: {lat: 35.8, lon: 129.2}
carriers: {fr3: {frequency_ghz: 7.8, bandwidth_mhz: 400}}
nodes: [{id: core, x_m: 0, y_m: 0}]
files:
  sites: {path: t.csv, cells: [{carrier: fr3}]}
  fibres: {path: f.csv}
demand: [{id: d, users: 1, around: a, radius_m: 5}]
quantum: {keys: [{fibre: f}]}
"""


@pytest.fixture
def scenario(table):
    table("site,lat,lon,carrier\na,35.8,129.2,fr3\n")
    table("id,end_a,end_b,length_km\nf,core,a,3\n", "f.csv")
    return table(SCENARIO, "s.yaml")


def test_ids_from_files_are_known_to_the_scenario(scenario):
    loaded = load(scenario)
    assert [(f.kind, f.path) for f in loaded.sources] == [("fibres", "f.csv"), ("sites", "t.csv")]
    assert all(len(f.sha256) == 64 for f in loaded.sources)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "site,lat,lon,carrier\na,35.8,129.2,fr4\n", "t.csv:2: column 'carrier': no carrier has the id 'fr4'"),
        ("t.csv", "site,lat,lon\ncore,35.8,129.2\n", "t.csv:2: site or node id 'core' is already used"),
        ("t.csv", "site,lat,lon\na,35.8,89.2\n", "more than 3 degrees from the origin"),
        ("t.csv", "site,lat\na,35.8\n", "column 'lon' is missing"),
        ("f.csv", "id,end_a,end_b,length_km\nf,core,aa,3\n", "f.csv:2: column 'end_b': no site or node has"),
        ("f.csv", "id,end_a,end_b,length_km\ng,core,a,3\n", "no fibre has the id 'f'"),
        ("f.csv", "id,end_a,end_b,length_km,type\nf,core,a,3,g654\n", "no kind of fibre has the id 'g654'"),
    ],
)  # fmt: skip
def test_faults_between_files_and_scenario_point_at_both(scenario, table, name, text, words):
    from silla.base.errors import ScenarioError

    table(text, name)
    with pytest.raises(ScenarioError) as caught:
        load(scenario)
    assert any(words in p for p in caught.value.problems), caught.value.problems
    assert all(p.line in range(6, 11) for p in caught.value.problems)


def test_degrees_in_a_table_need_an_origin(scenario, table):
    from silla.base.errors import ScenarioError

    table(SCENARIO.replace("origin: {lat: 35.8, lon: 129.2}\n", ""), "s.yaml")
    with pytest.raises(ScenarioError, match="need an origin"):
        load(scenario)


@pytest.mark.skipif(not MYEONGDONG.exists(), reason="the Myeongdong data set is not beside this checkout")
def test_the_real_table_of_a_city():
    found = read_sites(MYEONGDONG / "sites.csv")
    assert len(found) == len(found.site_ids()) == 75  # the data set's README
    assert found.lat.min() > 37.55
    assert found.lat.max() < 37.58
    assert found.height_m.max() < 200
