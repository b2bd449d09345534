#!/usr/bin/env bash
# From a photograph to a painting of 1920×1080: three sizes, super-resolution, colours, mask, denoising, sharpening.
#
#     examples/multiscale.sh [FOLDER]
#
# Each command prints the path of its picture, which the next one takes. Set SCALES, ITERATIONS, CONTENT_WEIGHT,
# UPSCALE_MODEL and SIZE to change what they stand for below.
set -euo pipefail
folder=${1:-results}
case $folder in /*) ;; *) [ $# -eq 0 ] || folder=$PWD/$folder ;; esac
cd "$(dirname "$0")/.."
read -r -a scales <<< "${SCALES:-68 135 270}"
size=${SIZE:-1920x1080}
photo=images/inputs/content/kingfisher.jpg
style=images/inputs/style/starry-night.jpg
subject=images/inputs/mask/kingfisher-and-branch.png

painting=$photo
for rows in "${scales[@]}"; do
  painting=$(python network.py "$photo" "$style" "$folder/multiscale-$rows" --init_image "$painting" \
    --image_size "$rows" --num_iter "${ITERATIONS:-5}" --content_weight "${CONTENT_WEIGHT:-10}" --save_every 0)
done
larger=$(python enhance.py "$painting" --upscale --upscale_model "${UPSCALE_MODEL:-best}" --size "$size")
colored=$(python color_transfer.py "$photo" "$larger" --mask "$subject" --mask_feather 8)
mask=$(python make_mask.py "$photo" --threshold 0.5 --feather 10 --invert -o "$folder/multiscale-mask.png")
masked=$(python mask_transfer.py "$photo" "$colored" "$mask")
python enhance.py "$masked" --denoise 0.5 --sharpen 0.3 -o "$folder/multiscale.png"
