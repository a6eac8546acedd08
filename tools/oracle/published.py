"""Parameters, MACs and CIO that the papers and the authors' repositories print; needs nothing but Python."""

UNITS = {"": 1, "M": 1e6, "G": 1e9, "G/2": 5e8, "MB": 0.25e6}  # MB of floats; G/2 counts a MAC as two operations
PUBLISHED = {
    "hardnet39ds": ("3.5 M", "0.44 G", "8.2 M"),
    "hardnet68ds": ("4.2 M", "0.79 G", "15.3 M"),
    "hardnet68": ("17.6 M", "4.3 G", "11.5 M"),
    "hardnet85": ("36.7 M", "9.1 G", ""),
    "hardnet96s": ("9.3 M", "2.5 G", "11.7 M"),
    "hardnet117s": ("20.9 M", "4.9 G", "16.7 M"),
    "hardnet138s": ("35.5 M", "6.7 G", "19.6 M"),
    "resnet18": ("11.7 M", "1.8 G", "4.7 M"),
    "resnet50": ("25 M", "4.1 G", ""),
    "resnet50_v1": ("25 M", "", "20.7 M"),
    "resnet101_v1": ("44.5 M", "7.6 G", "30.9 M"),
    "resnet152_v1": ("60.2 M", "11.3 G", "43.6 M"),
    "mobilenetv2": ("3.5 M", "0.32 G", "13.4 M"),
    "mobilenetv2_14": ("6.1 M", "0.59 G", "18.5 M"),
    "densenet121": ("7.9 M", "2.9 G", "21.9 M"),
    "densenet201": ("20 M", "4.4 G", "31.8 M"),
    "vgg16": ("138 M", "15.5 G", "22.6 M"),
    "fchardnet70": ("4.1 M", "35.4 G", ""),
    "fchardnet68": ("1.4 M", "15 G/2", "473 MB"),
    "fchardnet76": ("3.5 M", "54 G/2", "932 MB"),
    "fchardnet84": ("8.4 M", "100 G/2", "1267 MB"),
    "fchardnet_ref100": ("3.6 M", "151 G/2", "2076 MB"),
    "fcdensenet56_paper": ("1.4 M", "60 G/2", "1351 MB"),
    "fcdensenet67_paper": ("3.5 M", "140 G/2", "2286 MB"),
    "fcdensenet103_paper": ("9.4 M", "134 G/2", "2150 MB"),
    "centernet_hardnet85": ("37.2 M", "87.9 G", ""),
}


def agrees(value, text):
    """To the digits of `text`, such as 9,074.08 M; an empty one states nothing."""
    if not text:
        return True
    number, _, unit = text.partition(" ")
    digits = len(number.partition(".")[2])
    return f"{value / UNITS[unit]:.{digits}f}" == number.replace(",", "")
