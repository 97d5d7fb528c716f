"""A gallery that shows no picture twice: `python examples/flask_app.py` serves it on http://127.0.0.1:8002/.

What it keeps lies in demo-out/flask, or where SAMEPIC_DEMO says.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask, abort, redirect, render_template_string, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField
from wtforms.validators import DataRequired

from samepic.contrib.flask import PictureRefusedError, SamePic, UniquePicture

DATA = Path(os.environ.get("SAMEPIC_DEMO", "demo-out/flask")).absolute()
DATA.mkdir(parents=True, exist_ok=True)

PAGE = """<!doctype html><meta charset="utf-8"><title>Gallery</title><p><a href="/">All photos</a></p>"""
PHOTOS = (
    PAGE
    + """<ul>
{% for key, title in photos %}<li><a href="{{ url_for('photo', key=key) }}">{{ title }}</a></li>{% endfor %}
</ul>
<form method="post" enctype="multipart/form-data">
  {{ form.hidden_tag() }} {{ form.title }} {{ form.picture }} <button>Upload</button>
  {% for error in form.picture.errors %}<p>{{ error }}</p>{% endfor %}
</form>"""
)
PHOTO = (
    PAGE
    + """<h1>{{ title }}</h1> <img src="{{ url_for('file', key=key) }}" alt="">
<form method="post" action="{{ url_for('delete', key=key) }}">{{ form.hidden_tag() }} <button>Delete</button></form>"""
)


@contextmanager
def table() -> Iterator[sqlite3.Connection]:
    """Open the table of photos for one transaction."""
    with closing(sqlite3.connect(DATA / "site.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS photo (key TEXT PRIMARY KEY, title TEXT NOT NULL)")
        yield connection


def title_of(key: str) -> str | None:
    """Return the title of a photo, None where there is none."""
    with table() as photos:
        row = photos.execute("SELECT title FROM photo WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


app = Flask(__name__)
app.config.update(SECRET_KEY=secrets.token_hex(), SAMEPIC_STORE=DATA / "pictures.db")
pictures = SamePic(
    app,
    link=lambda key: url_for("photo", key=key),
    shown=lambda key: title_of(key) is not None,
    originals=lambda key: DATA / key,
)


class Upload(FlaskForm):
    """The upload form."""

    title = StringField(validators=[DataRequired()])
    picture = FileField(validators=[FileRequired(), UniquePicture()])


@app.route("/", methods=["GET", "POST"])
def photos() -> ResponseReturnValue:
    """Show all photos and the form, and keep new ones."""
    form = Upload()
    if form.validate_on_submit():
        try:
            with pictures.admit(form.picture.data) as admitted:
                form.picture.data.save(DATA / admitted.key)
                with table() as rows:
                    rows.execute("INSERT INTO photo VALUES (?, ?)", (admitted.key, form.title.data))
            return redirect(url_for("photo", key=admitted.key))
        except PictureRefusedError as refusal:  # a copy was faster
            form.picture.errors = [refusal.html]
    with table() as rows:
        found = rows.execute("SELECT key, title FROM photo ORDER BY rowid").fetchall()
    return render_template_string(PHOTOS, photos=found, form=form), 409 if form.picture.errors else 200


@app.get("/<key>")
def photo(key: str) -> ResponseReturnValue:
    """Show one photo."""
    return render_template_string(PHOTO, key=key, title=title_of(key) or abort(404), form=FlaskForm())


@app.get("/<key>/file")
def file(key: str) -> ResponseReturnValue:
    """Return the file of a photo."""
    kept = pictures.gate.get(key)
    if kept is None or title_of(key) is None:
        abort(404)
    return send_file(DATA / key, mimetype=f"image/{kept.format.lower()}")


@app.post("/<key>/delete")
def delete(key: str) -> ResponseReturnValue:
    """Delete a photo; after that it may come again."""
    if FlaskForm().validate_on_submit():
        with table() as rows:
            gone = rows.execute("DELETE FROM photo WHERE key = ?", (key,)).rowcount
        if gone:
            (DATA / key).unlink(missing_ok=True)
            pictures.gate.remove(key)
    return redirect(url_for("photos"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8002)
    app.run(port=parser.parse_args().port)
